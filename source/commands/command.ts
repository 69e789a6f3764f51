/** Types of a command. */
import type {FlagSpec, ParsedCommandLine} from '../base/command-line/flag-spec.ts';

/** The parts of the process that a command uses; tests provide their own. */
export type Invocation<Rows extends readonly FlagSpec[] = readonly FlagSpec[]> = ParsedCommandLine<Rows> & {
	stdin: NodeJS.ReadStream;
	stdout: NodeJS.WriteStream;
	stderr: NodeJS.WriteStream;
	env: NodeJS.ProcessEnv;
	/** Aborted by the first INT, TERM or HUP, whose name is its `reason`. A second one ends the process. */
	interrupted: AbortSignal;
	/** Until the returned function is called, INT, TERM and HUP go to `listener`; they interrupt nothing. */
	takeSignals(listener: (signal: NodeJS.Signals) => void): () => void;
};

export type CommandSpec<Rows extends readonly FlagSpec[] = readonly FlagSpec[]> = {
	name: string;
	/** One line. */
	summary: string;
	/** Without the program's name: `logs TARGET… [flags]`. */
	usage: readonly string[];
	about: string;
	examples: ReadonlyArray<readonly [string, string]>;
	/** Replaces the exit status of every failure of spoke, because other statuses belong to the remote command (exec, attach, debug). */
	failureStatus?: number;
	/** stdout has only the remote command's output; with -o json, the Error object goes to stderr. */
	isStdoutRemote?: boolean;
	/** The two above apply only if the command line has `--` and a command after it. */
	isForCommandAfterDash?: boolean;
	/** With `...connectionFlags` or `...multiContextFlags` if it connects to a cluster. */
	flags: Rows;
};

/** Flags that have a meaning only there: `with --copy-to`, `for one request`. */
export function flagsWhen<const Rows extends readonly FlagSpec[]>(when: string, rows: Rows): Rows {
	return rows.map(row => ({...row, when})) as readonly FlagSpec[] as Rows;
}

export type Command<Rows extends readonly FlagSpec[] = readonly FlagSpec[]> = {
	spec: CommandSpec<Rows>;
	/** Resolves to the exit status. @throws SpokeError */
	run(invocation: Invocation<Rows>): Promise<number>;
};

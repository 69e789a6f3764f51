/** Types of a command: its spec, and a function from a parsed command line to an exit status. */
import type {FlagSpec, ParsedCommandLine} from '../command-line/flag-spec.ts';

/** The parts of the process that a command uses; tests provide their own. */
export type Invocation<Rows extends readonly FlagSpec[] = readonly FlagSpec[]> = ParsedCommandLine<Rows> & {
	stdin: NodeJS.ReadStream;
	stdout: NodeJS.WriteStream;
	stderr: NodeJS.WriteStream;
	env: NodeJS.ProcessEnv;
	/** Aborted by the first INT, TERM or HUP; `reason` is the signal's name. A second one ends the process. */
	interrupted: AbortSignal;
};

export type CommandSpec<Rows extends readonly FlagSpec[] = readonly FlagSpec[]> = {
	name: string;
	/** One line for the list of commands. */
	summary: string;
	/** Synopses without the program's name: `logs TARGET… [flags]`. */
	usage: readonly string[];
	/** Paragraphs shown by --help. */
	about: string;
	/** Lines of [command, what it does]. */
	examples: ReadonlyArray<readonly [string, string]>;
	/** Replaces the exit status of every failure of spoke, where other statuses belong to the remote command (exec, attach, debug). */
	failureStatus?: number;
	/** stdout has only the output of the remote command; with -o json, the Error object is printed to stderr. */
	isStdoutRemote?: boolean;
	/** Includes `...connectionFlags` (shown under their own heading) if it connects to a cluster. */
	flags: Rows;
};

export type Command<Rows extends readonly FlagSpec[] = readonly FlagSpec[]> = {
	spec: CommandSpec<Rows>;
	/** Resolves to the exit status. @throws SpokeError */
	run(invocation: Invocation<Rows>): Promise<number>;
};

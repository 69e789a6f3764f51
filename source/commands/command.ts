/** What a subcommand is: a row of data, and a function from a parsed line to an exit status. */
import type {FlagSpec, ParsedCommandLine} from '../command-line/flag-spec.ts';

/** Everything a command may touch of the process; tests give their own. */
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
	/** Given in place of every failure's own status, where the other statuses belong to somebody else (exec, attach, debug). */
	failureStatus?: number;
	/** What a remote command prints is all that stands on stdout; with -o json the Error object stands on stderr. */
	isStdoutRemote?: boolean;
	/** Its own flags, and `...connectionFlags` when it talks to a cluster (shown under their own heading). */
	flags: Rows;
};

export type Command<Rows extends readonly FlagSpec[] = readonly FlagSpec[]> = {
	row: CommandSpec<Rows>;
	/** Resolves to the exit status. @throws SpokeError for what went wrong. */
	run(invocation: Invocation<Rows>): Promise<number>;
};

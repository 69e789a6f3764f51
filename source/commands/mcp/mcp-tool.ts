/** A tool of `spoke mcp`, and one call of it. */
import {Readable} from 'node:stream';
import type {FlagSpec} from '../../command-line/flag-spec.ts';
import {parseCommandLine} from '../../command-line/parse-command-line.ts';
import type {Path} from '../../evidence/evidence.ts';
import type {Invocation} from '../command.ts';
import type {CapturedLines} from './captured-lines.ts';
import type {CallPlace} from './served-scope.ts';

export type McpTool = {
	name: string;
	title: string;
	/** For the model that chooses a tool. */
	about: string;
	/** Whether a call names a target: a pod, or KIND/NAME. */
	target: 'none' | 'optional' | 'required';
	/** Arguments beside target, context and namespace, with the names and values of flags. */
	parameters: readonly FlagSpec[];
	/** Names of parameters that a call must have. */
	required?: readonly string[];
	/** What a call names beside the target; each has a default if only one is served. */
	place: 'namespace' | 'context' | 'none';
	/** False only for tools that open ports of this machine; none changes anything in a cluster. */
	isReadOnly: boolean;
	/** Writes one JSON object per line. Resolves to the exit status. @throws SpokeError */
	run(call: McpCall): Promise<number>;
};

export type McpCall = {
	place: CallPlace;
	target: string | undefined;
	/** The arguments as flags: `--tail=10`. */
	argv: readonly string[];
	/** What `--require` of the start asks of streams. */
	requirements: StreamRequirements;
	env: NodeJS.ProcessEnv;
	stdout: CapturedLines;
	stderr: CapturedLines;
	interrupted: AbortSignal;
	onPath(path: Path): void;
};

export type StreamRequirements = {
	flags: {require: readonly string[]; 'min-basis': 'proven' | 'inferred'};
	given: ReadonlySet<string>;
};

/**
The call as an invocation of the command with these flags. `fixed` precede the arguments of the call. Each flag is one text with its value,
so an argument cannot become a flag.
@throws SpokeError ERR_USAGE
*/
export function oneShotInvocation<const Rows extends readonly FlagSpec[]>(
	rows: Rows,
	{place, target, argv, env, stdout, stderr, interrupted}: McpCall,
	fixed: readonly string[],
): Invocation<Rows> {
	const line = parseCommandLine(rows, [...fixed, ...argv]);
	const {context} = place.flags;
	const takesSeveral = rows.some(({name}) => name === 'all-contexts');
	return {
		...line,
		flags: {
			...line.flags,
			...place.flags,
			context: takesSeveral ? (context === undefined ? [] : [context]) : context,
		},
		positionals: target === undefined ? [] : [target],
		afterDash: undefined,
		// Not terminals: commands use only what any stream has. The stdin of the process belongs to the client.
		stdin: Readable.from([]) as unknown as NodeJS.ReadStream,
		stdout: stdout as unknown as NodeJS.WriteStream,
		stderr: stderr as unknown as NodeJS.WriteStream,
		env,
		interrupted,
		takeSignals: () => () => undefined,
	};
}

/** The same for a command that opens streams, with the requirements of the start. */
export function streamInvocation<const Rows extends readonly FlagSpec[]>(
	rows: Rows,
	call: McpCall,
	fixed: readonly string[],
): Invocation<Rows> {
	const invocation = oneShotInvocation(rows, call, fixed);
	const {flags, given} = call.requirements;
	return {...invocation, flags: {...invocation.flags, ...flags}, given: new Set([...invocation.given, ...given])};
}

/** By the schema of the tool. */
export type ToolArguments = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

/** `--name=value` for each argument; a list is repeated. */
export function flagTexts(parameters: readonly FlagSpec[], args: ToolArguments): string[] {
	return parameters.flatMap(({name}) => {
		const value = args[name];
		return value === undefined ? [] : [value].flat().map(one => `--${name}=${String(one)}`);
	});
}

/** The flags of these names, in this order. */
export function flagsNamed(rows: readonly FlagSpec[], names: readonly string[]): readonly FlagSpec[] {
	return names.map(name => rows.find(row => row.name === name)!);
}

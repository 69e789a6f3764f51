/** What exec and attach have of their client, whichever protocol carried it here. */
import type {Readable, Writable} from 'node:stream';
import type {TerminalSize} from '../containers/program.ts';
import type {Json} from '../objects/kube-object.ts';

export type RemoteStreams = {
	stdin: Readable | null;
	stdout: Writable | null;
	/** `null` with a terminal: everything is one screen then. */
	stderr: Writable | null;
	onResize(listener: (size: TerminalSize) => void): void;
	/** Aborted when the client is gone. */
	gone: AbortSignal;
	/** Sends the status and ends the streams. */
	finish(status: Json): void;
};

/** Which streams the client asked for: the kubelet's query words. */
export type StreamOptions = {stdin: boolean; stdout: boolean; stderr: boolean; tty: boolean};

/** `input=1&output=1&error=1&tty=1`. */
export function parseStreamOptions(query: URLSearchParams): StreamOptions {
	const asked = (name: string) => query.get(name) === '1' || query.get(name) === 'true';
	const tty = asked('tty');
	return {stdin: asked('input'), stdout: asked('output'), stderr: asked('error') && !tty, tty};
}

/** The Status of a finished command, as the kubelet's remotecommand makes it. */
export function exitStatus(code: number): Json {
	return code === 0
		? {metadata: {}, status: 'Success'}
		: {
				metadata: {},
				status: 'Failure',
				message: `command terminated with non-zero exit code: exit status ${code}`,
				reason: 'NonZeroExitCode',
				details: {causes: [{reason: 'ExitCode', message: String(code)}]},
			};
}

/** The Status of a command that could not be run at all. */
export function internalError(message: string): Json {
	return {
		metadata: {},
		status: 'Failure',
		message: `Internal error occurred: ${message}`,
		reason: 'InternalError',
		details: {causes: [{message}]},
		code: 500,
	};
}

/** A resize message; `undefined` for what is none. */
export function parseResize(text: string): TerminalSize | undefined {
	try {
		const {Width: columns, Height: rows} = JSON.parse(text) as {Width?: number; Height?: number};
		return typeof columns === 'number' && typeof rows === 'number' ? {columns, rows} : undefined;
	} catch {
		return undefined;
	}
}

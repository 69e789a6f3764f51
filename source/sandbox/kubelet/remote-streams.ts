/** Streams of an exec or attach client. */
import type {Readable, Writable} from 'node:stream';
import type {V1Status} from '@kubernetes/client-node';
import type {Json} from '../../wire/json.ts';
import type {TerminalSize} from '../containers/program.ts';

export type RemoteStreams = {
	stdin: Readable | null;
	stdout: Writable | null;
	/** `null` with a terminal. */
	stderr: Writable | null;
	onResize(listener: (size: TerminalSize) => void): void;
	gone: AbortSignal;
	/** Sends the status and ends the streams. */
	finish(status: Json<V1Status>): void;
};

export type StreamOptions = {stdin: boolean; stdout: boolean; stderr: boolean; tty: boolean};

/** Parses `input=1&output=1&error=1&tty=1`. */
export function parseStreamOptions(query: URLSearchParams): StreamOptions {
	const isRequested = (name: string) => query.get(name) === '1' || query.get(name) === 'true';
	const tty = isRequested('tty');
	return {stdin: isRequested('input'), stdout: isRequested('output'), stderr: isRequested('error') && !tty, tty};
}

/** Status of a finished command, as in the kubelet's remotecommand. */
export function exitStatus(code: number): Json<V1Status> {
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

/** Status of a command that could not start. */
export function internalError(message: string): Json<V1Status> {
	return {
		metadata: {},
		status: 'Failure',
		message: `Internal error occurred: ${message}`,
		reason: 'InternalError',
		details: {causes: [{message}]},
		code: 500,
	};
}

export function parseResize(text: string): TerminalSize | undefined {
	try {
		const {Width: columns, Height: rows} = JSON.parse(text) as {Width?: number; Height?: number};
		return typeof columns === 'number' && typeof rows === 'number' ? {columns, rows} : undefined;
	} catch {
		return undefined;
	}
}

/** Program of a container. */
import type {Socket} from 'node:net';
import type {Readable} from 'node:stream';
import {setTimeout} from 'node:timers/promises';
import {noop} from '../network/join-streams.ts';

export type ProcessIo = {
	args: readonly string[];
	env: Readonly<Record<string, string>>;
	address: string;
	/** Whole lines become log records. */
	stdout(bytes: string | Uint8Array): void;
	stderr(bytes: string | Uint8Array): void;
	stdin: Readable;
	/** Attached clients change it. */
	terminal: TerminalSize | null;
	/** Listens on the pod's address until the container stops. */
	listen(port: number, onConnection: (socket: Socket) => void): Promise<void>;
	signal: AbortSignal;
};

export type TerminalSize = {columns: number; rows: number};

/** Resolves to the exit code. */
export type Program = (io: ProcessIo) => Promise<number>;

/** Resolves after `ms`, or when `signal` is aborted. */
export async function abortableDelay(ms: number, signal: AbortSignal): Promise<void> {
	await setTimeout(ms, undefined, {signal}).catch(noop);
}

/** `--name=value`. */
export function option(args: readonly string[], name: string): string | undefined {
	return args.find(argument => argument.startsWith(`--${name}=`))?.slice(name.length + 3);
}

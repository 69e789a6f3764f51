/** What runs in a container: a function that has what a process has, and ends with an exit code. */
import type {Readable} from 'node:stream';
import type {Socket} from 'node:net';

export type ProcessIo = {
	args: readonly string[];
	env: Readonly<Record<string, string>>;
	/** The pod's own address. */
	address: string;
	/** Writes bytes; whole lines become log records. */
	stdout(bytes: string | Uint8Array): void;
	stderr(bytes: string | Uint8Array): void;
	/** What attached clients type. */
	stdin: Readable;
	/** Of a container with `tty: true`: its size, which attached clients change. */
	terminal: TerminalSize | null;
	/** Takes connections on a port of the pod until the container ends. */
	listen(port: number, onConnection: (socket: Socket) => void): Promise<void>;
	/** Aborted when the container is told to end. */
	signal: AbortSignal;
};

export type TerminalSize = {columns: number; rows: number};

/** Resolves to the exit code. */
export type Program = (io: ProcessIo) => Promise<number>;

/** Resolves after `ms`, or at once when the container is told to end. */
export async function abortableDelay(ms: number, signal: AbortSignal): Promise<void> {
	if (signal.aborted) {
		return;
	}

	const {promise, resolve} = Promise.withResolvers<void>();
	const timer = setTimeout(resolve, ms);
	const stop = () => {
		resolve();
	};

	signal.addEventListener('abort', stop, {once: true});
	await promise;
	clearTimeout(timer);
	signal.removeEventListener('abort', stop);
}

/** The value of `--name=value` among a program's arguments. */
export function option(args: readonly string[], name: string): string | undefined {
	return args.find(argument => argument.startsWith(`--${name}=`))?.slice(name.length + 3);
}

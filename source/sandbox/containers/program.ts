/** Program of a container: a function with the environment of a process. */
import type {Readable} from 'node:stream';
import type {Socket} from 'node:net';

export type ProcessIo = {
	args: readonly string[];
	env: Readonly<Record<string, string>>;
	/** Of the pod. */
	address: string;
	/** Writes bytes; whole lines become log records. */
	stdout(bytes: string | Uint8Array): void;
	stderr(bytes: string | Uint8Array): void;
	/** Input of attached clients. */
	stdin: Readable;
	/** Size of the terminal of a container with `tty: true`; attached clients change it. */
	terminal: TerminalSize | null;
	/** Accepts connections on a port of the pod until the container stops. */
	listen(port: number, onConnection: (socket: Socket) => void): Promise<void>;
	/** Aborted when the container is stopped. */
	signal: AbortSignal;
};

export type TerminalSize = {columns: number; rows: number};

/** Resolves to the exit code. */
export type Program = (io: ProcessIo) => Promise<number>;

/** Resolves after `ms`, or when `signal` is aborted. */
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

/** The value of `--name=value` in `args`. */
export function option(args: readonly string[], name: string): string | undefined {
	return args.find(argument => argument.startsWith(`--${name}=`))?.slice(name.length + 3);
}

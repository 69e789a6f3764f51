/** What a process in a container has: arguments, streams, an environment, perhaps a terminal. */
import type {Writable} from 'node:stream';
import type {TerminalSize} from '../program.ts';
import type {InputQueue} from './input-queue.ts';

export type ShellProcess = {
	argv: readonly string[];
	env: Record<string, string>;
	/** Where the process stands; `cd` changes it. */
	cwd: string;
	stdin: InputQueue;
	stdout: Writable;
	stderr: Writable;
	terminal: TerminalSize | null;
	/** Aborted by Ctrl-C, and by whatever aborts `ending`. */
	signal: AbortSignal;
	/** Aborted by the end of the container, and when nobody is connected any more. */
	ending: AbortSignal;
	/** The `signal` for a process that a shell starts now. */
	foreground: () => AbortSignal;
	/** A shell waits for a line. */
	atPrompt: boolean;
	/** The container's main process, for `ps`. */
	mainCommand: string;
	/** What the last command of the shell came to, `$?`. */
	lastStatus: number;
};

/** Writes, and waits while the reader is behind. Nothing happens when the reader is gone. */
export async function writeAndDrain(stream: Writable, bytes: string | Uint8Array, signal: AbortSignal): Promise<void> {
	if (stream.destroyed || stream.writableEnded || signal.aborted || stream.write(bytes)) {
		return;
	}

	const {promise, resolve} = Promise.withResolvers<void>();
	const go = () => {
		resolve();
	};

	stream.once('drain', go).once('close', go);
	signal.addEventListener('abort', go, {once: true});
	await promise;
	stream.off('drain', go).off('close', go);
	signal.removeEventListener('abort', go);
}

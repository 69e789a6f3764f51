/** Process of a container. */
import type {Writable} from 'node:stream';
import type {TerminalSize} from '../program.ts';
import type {InputQueue} from './input-queue.ts';

export type ShellProcess = {
	argv: readonly string[];
	env: Record<string, string>;
	cwd: string;
	stdin: InputQueue;
	stdout: Writable;
	stderr: Writable;
	terminal: TerminalSize | null;
	/** Ends the running command: aborted by Ctrl-C, and when `ending` is aborted. */
	signal: AbortSignal;
	/** Ends the process: aborted when the container stops or the client disconnects. */
	ending: AbortSignal;
	/** Returns the `signal` for a command that starts now. */
	foreground: () => AbortSignal;
	atPrompt: boolean;
	/** The container's main command, which `ps` lists. */
	mainCommand: string;
	lastStatus: number;
};

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

/** Input and output of a process, and a terminal driver in canonical mode (termios). */
import {EventEmitter, once} from 'node:events';
import {finished, type Readable, Writable} from 'node:stream';
import {noop} from '../../network/sockets.ts';
import type {Files, TerminalSize} from '../container.ts';

export type ShellProcess = {
	argv: readonly string[];
	env: Record<string, string>;
	files: Files;
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
	/** By `exit` or `exec`. */
	hasExited: boolean;
	/** The container's main command, which `ps` lists. */
	mainCommand: string;
	lastStatus: number;
};

const controlCharacters = {
	interrupt: 0x03,
	endOfFile: 0x04,
	backspace: 0x08,
	lineFeed: 0x0a,
	carriageReturn: 0x0d,
	kill: 0x15,
	erase: 0x7f,
} as const;

export class CookedTerminal {
	readonly input = new InputQueue();
	/** Writes newlines as CR LF. */
	readonly output: Writable;
	interrupt: (() => void) | null = null;
	readonly #screen: Writable;
	#line: number[] = [];

	constructor(keys: Readable | null, screen: Writable) {
		this.#screen = screen;
		this.output = withCarriageReturns(screen);
		keys?.on('data', (chunk: Buffer) => {
			for (const byte of chunk) {
				this.#onByte(byte);
			}
		});
		if (keys) {
			finished(keys, {writable: false}, () => {
				this.input.finish();
			});
		}
	}

	#onByte(byte: number): void {
		if (byte === controlCharacters.carriageReturn || byte === controlCharacters.lineFeed) {
			this.#echo('\r\n');
			this.input.push(Buffer.from([...this.#line.splice(0), controlCharacters.lineFeed]));
		} else if (byte === controlCharacters.erase || byte === controlCharacters.backspace) {
			this.#erase();
		} else if (byte === controlCharacters.interrupt) {
			this.#line = [];
			this.#echo('^C\r\n');
			this.interrupt?.();
		} else if (byte === controlCharacters.endOfFile) {
			// Submits the line; without one, ends the input.
			this.input.push(Buffer.from(this.#line.splice(0)));
		} else if (byte === controlCharacters.kill) {
			this.#echo('\b \b'.repeat(this.#line.splice(0).length));
		} else {
			this.#line.push(byte);
			this.#echo(Buffer.from([byte]));
		}
	}

	/** Erases all bytes of a character. */
	#erase(): void {
		if (this.#line.length > 0) {
			while (((this.#line.pop() ?? 0) & 0xc0) === 0x80) {
				/* Continue to the first byte. */
			}
			this.#echo('\b \b');
		}
	}

	#echo(text: string | Buffer): void {
		if (!this.#screen.destroyed && !this.#screen.writableEnded) {
			this.#screen.write(text);
		}
	}
}

/** Writes to `screen` and is destroyed with it. */
function withCarriageReturns(screen: Writable): Writable {
	const output = new Writable({
		write(chunk: Buffer, _encoding, done) {
			screen.write(chunk.toString('latin1').replaceAll('\n', '\r\n'), 'latin1', error => {
				done(error ?? null);
			});
		},
	});
	screen.on('close', () => {
		output.destroy();
	});
	return output.on('error', noop);
}

const highWaterBytes = 64 * 1024;

/** An empty chunk is a temporary end, which only the current reader sees (Ctrl-D). */
export class InputQueue {
	readonly #chunks: Buffer[] = [];
	#bytes = 0;
	#hasEnded = false;
	readonly #changes = new EventEmitter();
	#source: Readable | null = null;

	follow(source: Readable): void {
		this.#source = source;
		source.on('data', (chunk: Buffer) => {
			this.push(chunk);
			if (this.#bytes > highWaterBytes) {
				source.pause();
			}
		});
		finished(source, {writable: false}, () => {
			this.finish();
		});
	}

	push(chunk: Buffer): void {
		this.#chunks.push(chunk);
		this.#bytes += chunk.length;
		this.#changes.emit('change');
	}

	clear(): void {
		this.#chunks.length = 0;
		this.#bytes = 0;
	}

	finish(): void {
		this.#hasEnded = true;
		this.#changes.emit('change');
	}

	/** `null` at an end, or when `signal` is aborted. */
	async read(signal: AbortSignal): Promise<Buffer | null> {
		while (this.#chunks.length === 0) {
			if (this.#hasEnded || signal.aborted) {
				return null;
			}

			await once(this.#changes, 'change', {signal}).catch(noop);
		}

		const chunk = this.#chunks.shift()!;
		this.#bytes -= chunk.length;
		if (this.#bytes <= highWaterBytes) {
			this.#source?.resume();
		}

		return chunk.length === 0 ? null : chunk;
	}

	/** `null` at an end. Leaves the rest to the next reader, as `readBytes` does. */
	async readLine(signal: AbortSignal): Promise<string | null> {
		const parts: Buffer[] = [];
		for (let end = -1; end < 0;) {
			const chunk = await this.read(signal);
			if (chunk === null) {
				return parts.length === 0 ? null : Buffer.concat(parts).toString();
			}

			end = chunk.indexOf(10);
			parts.push(end < 0 ? chunk : this.#upTo(end, chunk, 1));
		}

		return Buffer.concat(parts).toString();
	}

	/** `null` if the input ends before. */
	async readBytes(count: number, signal: AbortSignal): Promise<Buffer | null> {
		const parts: Buffer[] = [];
		for (let missing = count; missing > 0; missing -= parts.at(-1)!.length) {
			const chunk = await this.read(signal);
			if (chunk === null) {
				return null;
			}

			parts.push(this.#upTo(missing, chunk));
		}

		return Buffer.concat(parts);
	}

	/** `skipped`: bytes that nobody reads. */
	#upTo(end: number, chunk: Buffer, skipped = 0): Buffer {
		const rest = chunk.subarray(end + skipped);
		if (rest.length > 0) {
			this.#chunks.unshift(rest);
			this.#bytes += rest.length;
		}

		return chunk.subarray(0, end);
	}
}

export async function writeAndDrain(stream: Writable, bytes: string | Uint8Array, signal: AbortSignal): Promise<void> {
	if (stream.destroyed || stream.writableEnded || signal.aborted || stream.write(bytes)) {
		return;
	}

	const settled = new AbortController();
	const given = {signal: AbortSignal.any([signal, settled.signal])};
	await Promise.race([once(stream, 'drain', given), once(stream, 'close', given)]).catch(noop);
	settled.abort();
}

/** Input and output of a process, and a terminal driver in canonical mode (termios). */
import {EventEmitter, once} from 'node:events';
import {type Readable, Writable} from 'node:stream';
import {noop} from '../../network/join-streams.ts';
import type {TerminalSize} from '../container.ts';

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
		for (const event of ['end', 'error', 'close']) {
			keys?.on(event, () => {
				this.input.finish();
			});
		}
	}

	#onByte(byte: number): void {
		switch (byte) {
			case controlCharacters.carriageReturn:
			case controlCharacters.lineFeed: {
				this.#echo('\r\n');
				this.input.push(Buffer.from([...this.#line, controlCharacters.lineFeed]));
				this.#line = [];
				break;
			}

			case controlCharacters.erase:
			case controlCharacters.backspace: {
				this.#erase();
				break;
			}

			case controlCharacters.interrupt: {
				this.#line = [];
				this.#echo('^C\r\n');
				this.interrupt?.();
				break;
			}

			case controlCharacters.endOfFile: {
				this.#endLine();
				break;
			}

			case controlCharacters.kill: {
				this.#echo('\b \b'.repeat(this.#line.length));
				this.#line = [];
				break;
			}

			default: {
				this.#line.push(byte);
				this.#echo(Buffer.from([byte]));
			}
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

	/** Ctrl-D submits the line; on an empty line, it ends the input. */
	#endLine(): void {
		if (this.#line.length > 0) {
			this.input.push(Buffer.from(this.#line));
			this.#line = [];
		} else {
			this.input.pushEnd();
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
			const text = chunk.includes(controlCharacters.lineFeed)
				? Buffer.from(chunk.toString('latin1').replaceAll('\n', '\r\n'), 'latin1')
				: chunk;
			screen.write(text, error => {
				done(error ?? null);
			});
		},
	});
	screen.on('error', error => {
		output.destroy(error);
	});
	screen.on('close', () => {
		output.destroy();
	});
	return output.on('error', noop);
}

const highWaterBytes = 64 * 1024;

/** Input whose end can be temporary (Ctrl-D). */
export class InputQueue {
	readonly #items: Array<Buffer | 'end-of-input'> = [];
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
		for (const event of ['end', 'error', 'close']) {
			source.on(event, () => {
				this.finish();
			});
		}
	}

	push(chunk: Buffer): void {
		this.#items.push(chunk);
		this.#bytes += chunk.length;
		this.#changes.emit('change');
	}

	/** Only the current reader sees this end. */
	pushEnd(): void {
		this.#items.push('end-of-input');
		this.#changes.emit('change');
	}

	clear(): void {
		this.#items.length = 0;
		this.#bytes = 0;
	}

	finish(): void {
		this.#hasEnded = true;
		this.#changes.emit('change');
	}

	/** `null` at an end, or when `signal` is aborted. */
	async read(signal: AbortSignal): Promise<Buffer | null> {
		while (this.#items.length === 0) {
			if (this.#hasEnded || signal.aborted) {
				return null;
			}

			await once(this.#changes, 'change', {signal}).catch(noop);
		}

		const item = this.#items.shift()!;
		if (item === 'end-of-input') {
			return null;
		}

		this.#bytes -= item.length;
		if (this.#bytes <= highWaterBytes) {
			this.#source?.resume();
		}

		return item;
	}

	/** `null` at an end. Leaves the rest to the next reader. */
	async readLine(signal: AbortSignal): Promise<string | null> {
		const parts: Buffer[] = [];
		for (;;) {
			const chunk = await this.read(signal);
			if (chunk === null) {
				return parts.length === 0 ? null : Buffer.concat(parts).toString();
			}

			const end = chunk.indexOf(10);
			if (end >= 0) {
				parts.push(chunk.subarray(0, end));
				if (end + 1 < chunk.length) {
					this.#items.unshift(chunk.subarray(end + 1));
					this.#bytes += chunk.length - end - 1;
				}

				return Buffer.concat(parts).toString();
			}

			parts.push(chunk);
		}
	}
}

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

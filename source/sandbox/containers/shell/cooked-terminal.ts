/** What a terminal driver does between a person and a process: echo, editing, Ctrl-C and Ctrl-D, and line ends (termios in canonical mode). */
import {Writable, type Readable} from 'node:stream';
import {noop} from '../../network/noop.ts';
import {InputQueue} from './input-queue.ts';

export type CookedTerminal = {
	input: InputQueue;
	/** Newlines leave as CR LF. */
	output: Writable;
	/** Called at Ctrl-C. */
	onInterrupt(listener: (() => void) | null): void;
};

/** Puts a terminal driver between raw streams and a process. */
export function cookTerminal(keys: Readable | null, screen: Writable): CookedTerminal {
	const lines = new LineDiscipline(screen);
	keys?.on('data', (chunk: Buffer) => {
		for (const byte of chunk) {
			lines.take(byte);
		}
	});
	const finish = () => {
		lines.input.finish();
	};

	keys?.on('end', finish).on('error', finish).on('close', finish);
	return {
		input: lines.input,
		output: withCarriageReturns(screen),
		onInterrupt(listener) {
			lines.interrupt = listener;
		},
	};
}

/** What keys mean in canonical mode: termios(3), its default control characters. */
const keyOf = {interrupt: 0x03, endOfFile: 0x04, backspace: 0x08, lineFeed: 0x0a, carriageReturn: 0x0d, kill: 0x15, erase: 0x7f} as const;

class LineDiscipline {
	readonly input = new InputQueue();
	interrupt: (() => void) | null = null;
	readonly #screen: Writable;
	#line: number[] = [];

	constructor(screen: Writable) {
		this.#screen = screen;
	}

	take(byte: number): void {
		switch (byte) {
			case keyOf.carriageReturn:
			case keyOf.lineFeed: {
				this.#echo('\r\n');
				this.input.push(Buffer.from([...this.#line, keyOf.lineFeed]));
				this.#line = [];
				break;
			}

			case keyOf.erase:
			case keyOf.backspace: {
				this.#erase();
				break;
			}

			case keyOf.interrupt: {
				this.#line = [];
				this.#echo('^C\r\n');
				this.interrupt?.();
				break;
			}

			case keyOf.endOfFile: {
				this.#endLine();
				break;
			}

			case keyOf.kill: {
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

	/** A character may be several bytes long. */
	#erase(): void {
		if (this.#line.length > 0) {
			while (((this.#line.pop() ?? 0) & 0xc0) === 0x80) {
				/* its first byte is still to come */
			}
			this.#echo('\b \b');
		}
	}

	/** Ctrl-D gives what is typed as it is; on an empty line that is the end. */
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

/** Newlines leave for the screen as CR LF; when the screen is gone, so is the output. */
function withCarriageReturns(screen: Writable): Writable {
	const output = new Writable({
		write(chunk: Buffer, _encoding, done) {
			const text = chunk.includes(keyOf.lineFeed) ? Buffer.from(chunk.toString('latin1').replaceAll('\n', '\r\n'), 'latin1') : chunk;
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

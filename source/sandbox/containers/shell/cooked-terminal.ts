/** Terminal driver in canonical mode (termios). */
import {type Readable, Writable} from 'node:stream';
import {noop} from '../../network/join-streams.ts';
import {InputQueue} from './input-queue.ts';

export type CookedTerminal = {
	input: InputQueue;
	/** Writes newlines as CR LF. */
	output: Writable;
	onInterrupt(listener: (() => void) | null): void;
};

export function cookTerminal(keys: Readable | null, screen: Writable): CookedTerminal {
	const lines = new LineDiscipline(screen);
	keys?.on('data', (chunk: Buffer) => {
		for (const byte of chunk) {
			lines.onByte(byte);
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

const controlCharacters = {
	interrupt: 0x03,
	endOfFile: 0x04,
	backspace: 0x08,
	lineFeed: 0x0a,
	carriageReturn: 0x0d,
	kill: 0x15,
	erase: 0x7f,
} as const;

class LineDiscipline {
	readonly input = new InputQueue();
	interrupt: (() => void) | null = null;
	readonly #screen: Writable;
	#line: number[] = [];

	constructor(screen: Writable) {
		this.#screen = screen;
	}

	onByte(byte: number): void {
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

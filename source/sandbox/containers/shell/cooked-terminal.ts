/** What a terminal driver does between a person and a process: echo, editing, Ctrl-C and Ctrl-D, and line ends (termios in canonical mode). */
import {Writable, type Readable} from 'node:stream';
import {expectedEnd} from '../../network/expected-end.ts';
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
	const input = new InputQueue();
	let line: number[] = [];
	let interrupt: (() => void) | null = null;
	const echo = (text: string | Buffer) => {
		if (!screen.destroyed && !screen.writableEnded) {
			screen.write(text);
		}
	};

	const onByte = (byte: number) => {
		switch (byte) {
			case 13:
			case 10: {
				echo('\r\n');
				input.push(Buffer.from([...line, 10]));
				line = [];

				break;
			}

			case 127:
			case 8: {
				if (line.length > 0) {
				// A character may be several bytes long.
					while (((line.pop() ?? 0) & 0xC0) === 0x80) {/* its first byte is still to come */}
					echo('\b \b');
				}

				break;
			}

			case 3: {
				line = [];
				echo('^C\r\n');
				interrupt?.();

				break;
			}

			case 4: {
				if (line.length > 0) {
					input.push(Buffer.from(line));
					line = [];
				} else {
					input.pushEnd();
				}

				break;
			}

			case 21: {
				echo('\b \b'.repeat(line.length));
				line = [];

				break;
			}

			default: {
				line.push(byte);
				echo(Buffer.from([byte]));
			}
		}
	};

	keys?.on('data', (chunk: Buffer) => {
		for (const byte of chunk) {
			onByte(byte);
		}
	});
	keys?.on('end', () => {
		input.finish();
	});
	keys?.on('error', () => {
		input.finish();
	});
	keys?.on('close', () => {
		input.finish();
	});

	const output = new Writable({
		write(chunk: Buffer, _encoding, done) {
			screen.write(withCarriageReturns(chunk), error => {
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
	output.on('error', expectedEnd);
	return {
		input, output, onInterrupt(listener) {
			interrupt = listener;
		},
	};
}

function withCarriageReturns(chunk: Buffer): Buffer {
	return chunk.includes(10) ? Buffer.from(chunk.toString('latin1').replaceAll('\n', '\r\n'), 'latin1') : chunk;
}

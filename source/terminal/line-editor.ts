/** A line at a time, as a terminal in its cooked mode would take it: for a program that has no terminal of its own while ours is raw. */
import {StringDecoder} from 'node:string_decoder';

export type LineEditorOutput = {
	/** What the person sees of what was typed. */
	echo: string;
	/** What goes to the program: whole lines. */
	send: string;
	/** Ctrl-D on an empty line: no more will come. */
	isEnd: boolean;
	/** Ctrl-C. */
	isInterrupt: boolean;
};

/** Arrows and their kin: there is no line to move in. */
const keySequence = /\u001B(?:\[[\d;?]*[ -/]*[@-~]|O[ -~])?/g;

export class LineEditor {
	readonly #utf8 = new StringDecoder('utf8');
	#line: string[] = [];

	feed(bytes: Uint8Array): LineEditorOutput {
		const out: LineEditorOutput = {echo: '', send: '', isEnd: false, isInterrupt: false};
		for (const character of this.#utf8.write(Buffer.from(bytes)).replaceAll(keySequence, '')) {
			this.#take(character, out);
		}

		return out;
	}

	#take(character: string, out: LineEditorOutput): void {
		switch (character) {
			case '\r':
			case '\n': {
				out.send += `${this.#line.join('')}\n`;
				out.echo += '\r\n';
				this.#line = [];
				break;
			}

			case '\b':
			case '\u007F': {
				out.echo += this.#line.length > 0 ? '\b \b' : '';
				this.#line.pop();
				break;
			}

			case '\u0015': {
				out.echo += '\b \b'.repeat(this.#line.length);
				this.#line = [];
				break;
			}

			case '\u0003': {
				out.isInterrupt = true;
				break;
			}

			case '\u0004': {
				out.send += this.#line.join('');
				out.isEnd ||= this.#line.length === 0;
				this.#line = [];
				break;
			}

			default: {
				// Other control characters mean nothing to a program without a terminal.
				if (character >= ' ' || character === '\t') {
					this.#line.push(character);
					out.echo += character;
				}
			}
		}
	}
}

/** A line editor like a terminal in canonical mode. */
import {StringDecoder} from 'node:string_decoder';

export type LineEditorOutput = {
	echo: string;
	/** Complete lines. */
	send: string;
	/** Ctrl-D on an empty line. */
	isEnd: boolean;
	/** Ctrl-C. */
	isInterrupt: boolean;
};

/** Ignored. */
const keySequence = /\u001B(?:\[[\d;?]*[ -/]*[@-~]|O[ -~])?/g;

export class LineEditor {
	readonly #utf8 = new StringDecoder('utf8');
	#line: string[] = [];

	feed(bytes: Uint8Array): LineEditorOutput {
		const out: LineEditorOutput = {echo: '', send: '', isEnd: false, isInterrupt: false};
		for (const character of this.#utf8.write(Buffer.from(bytes)).replaceAll(keySequence, '')) {
			this.#onCharacter(character, out);
		}

		return out;
	}

	#onCharacter(character: string, out: LineEditorOutput): void {
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
				if (character >= ' ' || character === '\t') {
					this.#line.push(character);
					out.echo += character;
				}
			}
		}
	}
}

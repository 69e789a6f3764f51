/** The cells of a screen, and the bytes that change a terminal from the last frame to this one. */
import {cellWidth} from '../../base/text/cell-width.ts';
import {isSingleCells} from '../../base/text/single-cells.ts';
import {escapeControls} from '../../base/text/sanitize.ts';

/** Synchronized output. @see https://gist.github.com/christianparpart/d8a62cc1ab659194337d73e399004036 */
const [beginFrame, endFrame] = ['\u001B[?2026h', '\u001B[?2026l'];
// A terminal can draw a character wider than `cellWidth` says.
const [noWrap, wrap] = ['\u001B[?7l', '\u001B[?7h'];
/** Unchanged cells between two changed ones that are cheaper to write than to skip. */
const cheapGap = 5;
const inverse = '7';
/** Bold, underlined, inverse, struck out. */
const weights = new Set(['1', '4', '7', '9']);

/** All positions and widths are in cells. */
export class CellGrid {
	readonly columns: number;
	readonly rows: number;
	/** The second cell of a wide character is empty. */
	readonly #texts: string[];
	/** SGR parameters of each cell. */
	readonly #codes: string[];
	readonly #shownTexts: string[];
	readonly #shownCodes: string[];

	constructor(columns: number, rows: number) {
		this.columns = columns;
		this.rows = rows;
		this.#texts = Array.from({length: columns * rows}, () => ' ');
		this.#codes = Array.from({length: columns * rows}, () => '');
		// Nothing is known to be on the terminal yet.
		this.#shownTexts = this.#texts.map(() => 'unknown');
		this.#shownCodes = [...this.#codes];
	}

	clear(): void {
		this.#texts.fill(' ');
		this.#codes.fill('');
	}

	/** Another program wrote to the terminal. */
	forget(): void {
		this.#shownTexts.fill('unknown');
	}

	/** Writes text from `column` up to `end`, where a wide character that does not fit is left out. Returns the next column. */
	write(row: number, column: number, end: number, text: string, sgr: string): number {
		const safe = escapeControls(text);
		const limit = Math.min(end, this.columns);
		if (row < 0 || row >= this.rows) {
			return column;
		}

		let at = column;
		if (isSingleCells(safe)) {
			for (let index = 0; index < safe.length && at < limit; index++) {
				this.#set(row, at++, safe[index]!, sgr);
			}

			return at;
		}

		for (const {segment} of graphemes.segment(safe)) {
			const width = cellWidth(segment);
			if (at + width > limit) {
				break;
			}

			if (width > 0) {
				this.#set(row, at, segment, sgr);
				for (let second = 1; second < width; second++) {
					this.#set(row, at + second, '', sgr);
				}
			}

			at += width;
		}

		return at;
	}

	/** Puts `sgr` below what is written in these cells. Inverse colors would be backgrounds, so they are dropped. */
	shade(row: number, column: number, end: number, sgr: string): void {
		for (let at = row * this.columns + column; at < row * this.columns + Math.min(end, this.columns); at++) {
			const own = sgr === inverse ? withoutColors(this.#codes[at]!) : this.#codes[at]!;
			this.#codes[at] = own === '' ? sgr : `${sgr};${own}`;
		}
	}

	/** What to write to the terminal; empty if nothing changed. */
	takeChanges(): string {
		let out = '';
		for (let row = 0; row < this.rows; row++) {
			out += this.#rowChanges(row);
		}

		return out === '' ? '' : `${beginFrame}${noWrap}${out}${wrap}${endFrame}`;
	}

	#set(row: number, column: number, text: string, sgr: string): void {
		if (column < 0) {
			return;
		}

		const at = row * this.columns + column;
		// Half of a wide character cannot be shown.
		if (this.#texts[at] === '' && text !== '' && column > 0) {
			this.#texts[at - 1] = ' ';
		}

		if (column + 1 < this.columns && this.#texts[at + 1] === '') {
			this.#texts[at + 1] = ' ';
		}

		this.#texts[at] = text;
		this.#codes[at] = sgr;
	}

	#isChanged(at: number): boolean {
		return this.#texts[at] !== this.#shownTexts[at] || this.#codes[at] !== this.#shownCodes[at];
	}

	#rowChanges(row: number): string {
		const from = row * this.columns;
		const end = from + this.columns;
		let next = this.#nextChange(from, end);
		if (next === end) {
			return '';
		}

		const blankFrom = this.#blankFrom(from, end);
		let out = '';
		let sgr = '';
		while (next < blankFrom) {
			out += `\u001B[${row + 1};${next - from + 1}H`;
			const last = this.#endOfRun(next, blankFrom);
			for (let at = next; at <= last; at++) {
				const text = this.#texts[at]!;
				if (text !== '' && this.#codes[at] !== sgr) {
					sgr = this.#codes[at]!;
					out += `\u001B[${sgr === '' ? '' : `0;${sgr}`}m`;
				}

				// The terminal may have moved its cursor by another width.
				out += isSingleCells(text) ? text : `${text}\u001B[${at - from + 1 + Math.max(1, cellWidth(text))}G`;
			}

			next = this.#nextChange(last + 1, end);
		}

		const isErased = next < end;
		for (let at = from; at < end; at++) {
			this.#shownTexts[at] = this.#texts[at]!;
			this.#shownCodes[at] = this.#codes[at]!;
		}

		// Written blanks would be copied with the text.
		const erase = isErased ? `\u001B[${row + 1};${Math.max(blankFrom, from) - from + 1}H\u001B[K` : '';
		return `${out}${sgr === '' ? '' : '\u001B[m'}${erase}`;
	}

	/** The last changed cell that is cheaper to reach by writing than by moving the cursor. */
	#endOfRun(from: number, end: number): number {
		let last = from;
		for (let at = from; at < end && at - last <= cheapGap; at++) {
			if (this.#isChanged(at)) {
				last = at;
			}
		}

		return last;
	}

	#nextChange(from: number, end: number): number {
		let at = from;
		while (at < end && !this.#isChanged(at)) {
			at++;
		}

		// A wide character is written from its first cell.
		return at < end && this.#texts[at] === '' ? at - 1 : at;
	}

	#blankFrom(from: number, end: number): number {
		let at = end;
		while (at > from && this.#texts[at - 1] === ' ' && this.#codes[at - 1] === '') {
			at--;
		}

		return at;
	}
}

const graphemes = new Intl.Segmenter();

function withoutColors(sgr: string): string {
	return sgr
		.replaceAll(/\b[34]8;(?:5;\d+|2;\d+;\d+;\d+)/g, '')
		.split(';')
		.filter(code => weights.has(code))
		.join(';');
}

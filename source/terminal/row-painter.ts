/** Writes rows to their places on the screen, and only those that changed. */

export type Region = {
	/** Cells from the screen's edges. */
	top: number;
	left: number;
	/** Ready for the terminal, and each as wide as the region; one that does not float goes to the right edge of the screen. */
	rows: readonly string[];
	/** It lies over what does not float. */
	floats: boolean;
};

/** A terminal that knows them shows all of it at once. @see https://gist.github.com/christianparpart/d8a62cc1ab659194337d73e399004036 */
const [begin, end] = ['\u001B[?2026h', '\u001B[?2026l'];
// The cursor is left where it was: whoever else writes here counts on that.
const [saveCursor, restoreCursor] = ['\u001B7', '\u001B8'];
// A row that is wider on this terminal than it was counted must not run into the next one.
const [noWrap, wrap] = ['\u001B[?7l', '\u001B[?7h'];

/**
The layout engine's own way to the screen takes every row apart into cells three times a frame; these rows are cut and filled already.
Regions that do not float must not overlap.
*/
export class RowPainter {
	readonly #write: (text: string) => void;
	readonly #regions = new Map<string, Region>();
	#painted: string[] = [];
	#isHeld = false;

	constructor(write: (text: string) => void) {
		this.#write = write;
	}

	set(id: string, region: Region): void {
		this.#regions.set(id, region);
	}

	delete(id: string): void {
		this.#regions.delete(id);
	}

	/** Somebody else wrote to the screen: nothing of it is known any more. */
	forget(): void {
		this.#painted = [];
	}

	/** Somebody else has the screen: nothing is written until it is let go. */
	hold(): void {
		this.#isHeld = true;
	}

	letGo(): void {
		this.#isHeld = false;
		this.forget();
	}

	flush(): void {
		if (this.#isHeld) {
			return;
		}

		const rows: string[] = [];
		for (const {top, left, rows: texts, floats} of this.#regions
			.values()
			.toArray()
			.toSorted((one, other) => Number(one.floats) - Number(other.floats))) {
			for (const [index, text] of texts.entries()) {
				const row = top + index;
				rows[row] = `${rows[row] ?? ''}\u001B[${row + 1};${left + 1}H${floats ? text : withoutBlankEnd(text)}`;
			}
		}

		let out = '';
		for (const [row, text] of rows.entries()) {
			if (text !== undefined && text !== this.#painted[row]) {
				out += text;
			}
		}

		this.#painted = rows;
		if (out !== '') {
			this.#write(`${begin}${saveCursor}${noWrap}${out}${wrap}${restoreCursor}${end}`);
		}
	}
}

/** Blanks that were written would be copied with the text. */
function withoutBlankEnd(text: string): string {
	const trimmed = text.trimEnd();
	return trimmed.length === text.length ? text : `${trimmed}\u001B[K`;
}

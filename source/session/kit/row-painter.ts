/** Painter that writes only changed rows. */

export type Region = {
	/** In cells. */
	top: number;
	left: number;
	/** As wide as the region; a region that does not float extends to the right edge. */
	rows: readonly string[];
	floats: boolean;
};

/** Synchronized output. @see https://gist.github.com/christianparpart/d8a62cc1ab659194337d73e399004036 */
const [begin, end] = ['\u001B[?2026h', '\u001B[?2026l'];
const [saveCursor, restoreCursor] = ['\u001B7', '\u001B8'];
// Rows can be wider than calculated.
const [noWrap, wrap] = ['\u001B[?7l', '\u001B[?7h'];

/** Bypasses Ink's output, which splits every row into cells three times per frame. Regions that do not float must not overlap. */
export class RowPainter {
	readonly #write: (text: string) => void;
	readonly #regions = new Map<string, Region>();
	#painted: string[] = [];
	#isSuspended = false;

	constructor(write: (text: string) => void) {
		this.#write = write;
	}

	set(id: string, region: Region): void {
		this.#regions.set(id, region);
	}

	delete(id: string): void {
		this.#regions.delete(id);
	}

	/** Something else wrote to the screen. */
	forget(): void {
		this.#painted = [];
	}

	suspend(): void {
		this.#isSuspended = true;
	}

	resume(): void {
		this.#isSuspended = false;
		this.forget();
	}

	flush(): void {
		if (this.#isSuspended) {
			return;
		}

		const rows: string[] = [];
		for (const {top, left, rows: texts, floats} of this.#regions
			.values()
			.toArray()
			.toSorted((one, other) => Number(one.floats) - Number(other.floats))) {
			for (const [index, text] of texts.entries()) {
				const row = top + index;
				rows[row] = `${rows[row] ?? ''}\u001B[${row + 1};${left + 1}H${floats ? text : trimTrailingBlanks(text)}`;
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

/** Written blanks would be copied with the text. */
function trimTrailingBlanks(text: string): string {
	const trimmed = text.trimEnd();
	return trimmed.length === text.length ? text : `${trimmed}\u001B[K`;
}

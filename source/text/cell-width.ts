/** How many terminal cells a text takes, and how it is cut to fit. */
import stringWidth from 'string-width';

/** Cells that `text` takes on one line; colours take none. The measure is the one that the session's layout uses. */
export function cellWidth(text: string): number {
	return singleCells.test(text) ? text.length : stringWidth(text);
}

/** ASCII, and what the screen is drawn with: one UTF-16 unit and one cell each. */
const singleCells = /^[ -~·–‘’“”…›←-↓─-▴▸-◼◿✓✗]*$/;

/** `text` if it fits in `cells`, else as much of it as leaves room for `mark`. For text without escape sequences. */
export function truncateToCells(text: string, cells: number, mark = '…'): string {
	// A text of up to `cells` UTF-16 units may be wider than cells, never one of ASCII alone.
	if (text.length <= cells && singleCells.test(text)) {
		return text;
	}

	const room = cells - cellWidth(mark);
	let width = 0;
	let end = 0;
	let fits = 0;
	for (const {segment} of graphemes.segment(text)) {
		width += cellWidth(segment);
		end += segment.length;
		if (width > cells) {
			return room < 0 ? '' : text.slice(0, fits) + mark;
		}

		if (width <= room) {
			fits = end;
		}
	}

	return text;
}

/** `text` if it fits in `cells`, else as much of its end as leaves room for a mark before it. For text without escape sequences. */
export function truncateStartToCells(text: string, cells: number): string {
	if (cellWidth(text) <= cells) {
		return text;
	}

	let width = 1;
	let from = text.length;
	for (const {segment} of [...graphemes.segment(text)].toReversed()) {
		width += cellWidth(segment);
		if (width > cells) {
			break;
		}

		from -= segment.length;
	}

	return cells < 1 ? '' : `…${text.slice(from)}`;
}

/** `text` filled with blanks, or cut, to exactly `cells`. */
export function fitToCells(text: string, cells: number): string {
	const clipped = truncateToCells(text, cells);
	return clipped + ' '.repeat(Math.max(0, cells - cellWidth(clipped)));
}

const graphemes = new Intl.Segmenter();

/** Width of text in terminal cells, and truncation to a width. */
import stringWidth from 'string-width';
import {isSingleCells} from './single-cells.ts';

export function cellWidth(text: string): number {
	return isSingleCells(text) ? text.length : stringWidth(text);
}

/** Returns at most `cells` cells, with `mark` at the end if text was cut off. The text must contain no escape sequences. */
export function truncateToCells(text: string, cells: number, mark = '…'): string {
	// Other characters can be wider than one cell.
	if (text.length <= cells && isSingleCells(text)) {
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

export function fitToCells(text: string, cells: number): string {
	const clipped = truncateToCells(text, cells);
	return clipped + ' '.repeat(Math.max(0, cells - cellWidth(clipped)));
}

const graphemes = new Intl.Segmenter();

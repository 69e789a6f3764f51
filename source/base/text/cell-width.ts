/** Width of text in terminal cells, truncation to a width, and wrapping at words. */
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

/** Keeps a flag with its value, and text between backticks, double quotes or brackets, on one line, which can exceed `width`. */
export function wrapText(text: string, width: number): string[] {
	return fillLines(splitUnits(text), width);
}

/** Text after an ASCII `lead`. Further lines are indented by two more. */
export function wrapAfter(lead: string, text: string, width: number): string[] {
	return wrapText(text, width - lead.length - 2).map((line, index) => `${index === 0 ? lead : ' '.repeat(lead.length + 2)}${line}`);
}

/** Wraps a shell command between `words`, in cells, with a backslash at the end of each continued line. */
export function wrapCommand(command: string, width: number, words: readonly string[] = splitUnits(command)): string[] {
	if (cellWidth(command) <= width) {
		return [command];
	}

	const lines = fillLines(words, width - 4);
	return lines.map((line, index) => `${index === 0 ? '' : '  '}${line}${index === lines.length - 1 ? '' : ' \\'}`);
}

function fillLines(units: readonly string[], width: number): string[] {
	const lines: string[] = [];
	let line: string | null = null;
	for (const unit of units) {
		if (line !== null && cellWidth(line) + 1 + cellWidth(unit) <= width) {
			line += ` ${unit}`;
		} else {
			lines.push(...(line === null ? [] : [line]));
			line = unit;
		}
	}

	return [...lines, line ?? ''];
}

function splitUnits(text: string): string[] {
	const units: string[] = [];
	let unit: string[] = [];
	for (const word of text.split(' ').filter(word => word !== '')) {
		unit.push(word);
		const spelled = unit.join(' ');
		if (isBalanced(spelled) && !/^["'(`[]*--?[a-z][\w-]*$/i.test(word)) {
			units.push(spelled);
			unit = [];
		}
	}

	return unit.length === 0 ? units : [...units, unit.join(' ')];
}

function isBalanced(text: string): boolean {
	const count = (sign: string) => text.split(sign).length - 1;
	return count('`') % 2 === 0 && count('"') % 2 === 0 && count('[') <= count(']');
}

/** Cuts a word that is longer than `width`, in cells. */
export function wrapToWidth(text: string, width: number): string[] {
	const out: string[] = [];
	for (const paragraph of text.split('\n')) {
		let row = '';
		for (const word of paragraph.split(' ')) {
			if (row !== '' && cellWidth(row) + 1 + cellWidth(word) > width) {
				out.push(row);
				row = word;
			} else {
				row = row === '' ? word : `${row} ${word}`;
			}

			while (cellWidth(row) > width && width > 0) {
				const head = truncateToCells(row, width, '') || [...row][0]!;
				out.push(head);
				row = row.slice(head.length);
			}
		}

		out.push(row);
	}

	return out;
}

/** Texts that are wrapped at words. */
import {cellWidth, truncateToCells} from './cell-width.ts';

/** Keeps a flag with its value, and text between backticks, double quotes or brackets, on one line, which can exceed `width`. */
export function wrapText(text: string, width: number): string[] {
	return fillLines(splitUnits(text), width);
}

/** Wraps a shell command, with a backslash at the end of each continued line. */
export function wrapCommand(command: string, width: number): string[] {
	if (command.length <= width) {
		return [command];
	}

	const lines = fillLines(splitUnits(command), width - 4);
	return lines.map((line, index) => `${index === 0 ? '' : '  '}${line}${index === lines.length - 1 ? '' : ' \\'}`);
}

function fillLines(units: readonly string[], width: number): string[] {
	const lines: string[] = [];
	let line: string | null = null;
	for (const unit of units) {
		if (line !== null && line.length + 1 + unit.length <= width) {
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

/** Texts that are wrapped at words. */
import {cellWidth, truncateToCells} from './cell-width.ts';

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

/** Titled rules between panes, and texts that fit a width. */
import {cellWidth, truncateToCells} from '../../text/cell-width.ts';
import type {RenderInput} from './render-input.ts';
import {lineWidth, spread, styled, type Line} from './styled-line.ts';

/** `short` replaces a `right` that does not fit. */
export function titledRule(
	screen: RenderInput,
	title: string,
	options: {focus?: boolean; after?: string; right?: string; short?: string; warn?: boolean} = {},
): Line {
	const {
		theme: {glyphs},
		state: {size},
	} = screen;
	const {rule, tabLeft, tabRight} = glyphs;
	const left = options.focus
		? [styled('rule', rule), styled('focus', `${tabLeft}${title}${tabRight}`), {text: options.after ? ` ${options.after} ` : ''}]
		: [styled('rule', rule + rule), {text: ` ${title} `}, {text: options.after ? `${options.after} ` : ''}];
	const room = Math.max(0, size.columns - lineWidth(left) - 4);
	const {right: whole = '', short = whole} = options;
	const said = truncateToCells(cellWidth(whole) <= room ? whole : short, room, glyphs.more);
	const right = said === '' ? [] : [styled(options.warn ? 'notice.warn' : 'text.dim', ` ${said} `), styled('rule', rule)];
	return spread(left, right, size.columns, styled('rule', rule));
}

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

/** `4 more` at the top of a list, else `2 above · 4 below`. */
export function describeHiddenRows(above: number, below: number): string {
	if (above === 0) {
		return `${below} more`;
	}

	return below === 0 ? `${above} above` : `${above} above · ${below} below`;
}

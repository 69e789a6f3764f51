/** Lines of spans, and texts that become them. */
import type {ActionId} from '../actions/action-table.ts';
import {cellWidth, truncateToCells} from '../../base/text/cell-width.ts';
import type {Role} from './theme.ts';

/** `sgr`: a color of the log line itself. `action`: what a click performs. */
export type Span = {text: string; role?: Role | undefined; sgr?: string; action?: ActionId};
/** `item`: what a click selects, as its pane counts. `label`: what a screen reader reads instead of the spans; nothing if it is empty. */
export type Line = {spans: readonly Span[]; ground?: Role; item?: number; label?: string};

export function styled(role: Role | undefined, text: string): Span {
	return {text, role};
}

export function line(...parts: ReadonlyArray<string | Span | readonly Span[]>): Line {
	return {spans: parts.flatMap((part): readonly Span[] => (typeof part === 'string' ? [{text: part}] : 'text' in part ? [part] : part))};
}

/** A row to select; `cursor` is the glyph before the selected one. */
export function itemLine(isAt: boolean, cursor: string, spans: readonly Span[]): Line {
	return {
		spans: [{text: ' '}, isAt ? styled('focus', cursor) : {text: ' '}, {text: ' '}, ...spans],
		...(isAt && {ground: 'selection'}),
	};
}

/** The lines as a screen reader reads them: their labels, or their texts without the blanks between columns. */
export function spokenLines(lines: readonly Line[]): string {
	return lines
		.map(
			({label, spans}) =>
				label ??
				spans
					.map(({text}) => text)
					.join('')
					.replaceAll(/\s+/g, ' ')
					.replaceAll(/ [,·]/g, ',')
					.trim(),
		)
		.filter(text => text !== '')
		.join('\n');
}

/** Text that a click performs. */
export function clickable(action: ActionId, spans: readonly Span[]): Span[] {
	return spans.map(span => ({...span, action}));
}

export function lineWidth(spans: readonly Span[]): number {
	return spans.reduce((sum, {text}) => sum + cellWidth(text), 0);
}

export function spread(left: readonly Span[], right: readonly Span[], width: number, fill: Span = {text: ' '}, mark?: string): Line {
	const leftWidth = Math.max(0, width - lineWidth(right));
	const cut = clipSpans(left, leftWidth, mark);
	const gap = leftWidth - lineWidth(cut);
	return {spans: [...cut, ...(gap > 0 ? [{...fill, text: fill.text.repeat(gap)}] : []), ...right]};
}

export function clipSpans(spans: readonly Span[], width: number, mark = '…'): Span[] {
	const out: Span[] = [];
	let left = width;
	for (const span of spans.filter(({text}) => text !== '')) {
		const wide = cellWidth(span.text);
		if (wide <= left) {
			out.push(span);
			left -= wide;
		} else {
			const before = left === 0 ? out.pop() : undefined;
			// Mark the cut also if a span ends exactly at the edge.
			out.push(
				before
					? {...before, text: truncateToCells(`${before.text}${mark}`, cellWidth(before.text), mark)}
					: {...span, text: truncateToCells(span.text, left, mark)},
			);
			return out;
		}
	}

	return out;
}

/** Drops the first cells, and a wide character that would be split. */
export function dropCells(spans: readonly Span[], cells: number): Span[] {
	let left = cells;
	return spans.flatMap(span => {
		if (left <= 0) {
			return [span];
		}

		const characters = [...span.text];
		let at = 0;
		while (at < characters.length && left > 0) {
			left -= cellWidth(characters[at]!);
			at++;
		}

		return at === characters.length ? [] : [{...span, text: characters.slice(at).join('')}];
	});
}

export function padLines(lines: readonly Line[], rows: number, blank: Line = line('')): Line[] {
	return [...lines, ...Array.from({length: Math.max(0, rows - lines.length)}, () => blank)].slice(0, rows);
}

/** `text` must contain no other control sequences than SGR. */
export function sgrSpans(text: string): Span[] {
	if (!text.includes('\u001B')) {
		return [{text}];
	}

	const spans: Span[] = [];
	let sgr = '';
	let from = 0;
	for (const found of text.matchAll(/\u001B\[([\d;:]*)m/g)) {
		if (found.index > from) {
			spans.push({text: text.slice(from, found.index), ...(sgr !== '' && {sgr})});
		}

		sgr = sgrAfter(sgr, found[1]!);
		from = found.index + found[0].length;
	}

	return [...spans, {text: text.slice(from), ...(sgr !== '' && {sgr})}];
}

/** `0` resets all attributes. */
function sgrAfter(sgr: string, codes: string): string {
	if (codes === '' || codes === '0') {
		return '';
	}

	return sgr === '' || codes.startsWith('0;') ? codes.replace(/^0;/, '') : `${sgr};${codes}`;
}

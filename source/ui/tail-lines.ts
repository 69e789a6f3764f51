/** The lines of a tail with the map at their right edge. */
import type {TailLine} from '../state/tail/line-buffer.ts';
import type {TailView} from '../state/tail/tail-view.ts';
import {wrapWords} from './chrome.ts';
import {emptyWords} from './empty-tail.ts';
import {withMatches} from './line-matches.ts';
import type {Glyphs} from './glyphs.ts';
import {logLine, type LogLine} from './log-line.ts';
import {hintedKey, type Screen} from './screen.ts';
import {fillUp, line, of, spread, type Line, type Span} from './styled-line.ts';
import {cellsForLines, shownWindow, thumbRow} from './tail-fit.ts';
import {isWrapped, tailRows} from './tail-rows.ts';
import {olderWords} from './tail-words.ts';

/** `rows` lines, `width` cells wide. */
export function tailLines(screen: Screen, view: TailView, rows: number, width: number): Line[] {
	const {theme: {glyphs}} = screen;
	const room = cellsForLines(view, width);
	const read = new Map<number, LogLine>();
	const readLine = (one: TailLine): LogLine => {
		const known = read.get(one.number) ?? (one.kind === 'text' ? logLine(view, one, glyphs) : {lead: [], text: []});
		read.set(one.number, known);
		return known;
	};

	const {window, isTop} = shownWindow(view, rows, one => isWrapped(view, one) ? tailRows(screen, view, one, room, readLine(one)).length : 1);
	if (window.lines.length === 0) {
		return fillUp(emptyWords(screen, view).flatMap(words => wrapWords(words, width - 2)).map(words => line(' ', of('text.dim', words))), rows);
	}

	const out: DrawnRow[] = isTop
		? [{line: line(of('gap', `${glyphs.rule}${glyphs.rule} ${olderWords(view, hintedKey(screen, 'tail.top'))} `)), of: null, isRule: true}]
		: [];
	const cursor = view.follow ? -1 : window.lines.findIndex(({number}) => number === view.cursor);
	const texts = withMatches(view, window.lines.map(one => readLine(one).text), cursor);
	for (const [index, one] of window.lines.entries()) {
		const drawn = tailRows(screen, view, one, room, {...readLine(one), text: texts[index]!});
		out.push(...drawn.map(each => ({line: each, of: one, isRule: one.kind !== 'text' && drawn.length === 1})));
	}

	const shown = view.follow ? out.slice(-rows) : out.slice(0, rows);
	const thumb = thumbRow(view, window, rows);
	return Array.from({length: rows}, (_, index): Line => {
		const row = shown[index];
		if (view.plain) {
			return row?.line ?? line('');
		}

		return withEdge(screen, view, row ?? null, width, index === thumb ? glyphs.edge.window : glyphs.edge.rest);
	});
}

/** `isRule`: a rule goes on behind its words up to the edge. */
type DrawnRow = {line: Line; of: TailLine | null; isRule: boolean};

function withEdge({theme: {glyphs}}: Screen, view: TailView, row: DrawnRow | null, width: number, rest: string): Line {
	if (row === null) {
		return spread([], [of('rule', rest)], width);
	}

	const fill = row.isRule ? of('gap', glyphs.rule) : undefined;
	if (row.of === null) {
		return spread(row.line.spans, [of('gap', glyphs.edge.gap)], width, fill, glyphs.more);
	}

	const isCursor = !view.follow && row.of.number === view.cursor;
	const spreadLine = spread(row.line.spans, [edgeSign(view, row.of, glyphs, rest)], width, fill, glyphs.more);
	return isCursor ? {...spreadLine, ground: 'selection'} : spreadLine;
}

/** The worst of what is true of a line. */
function edgeSign({searchIndex}: TailView, {number, level, kind}: TailLine, {edge}: Glyphs, rest: string): Span {
	if (kind !== 'text') {
		return of('gap', edge.gap);
	}

	if (level >= 4) {
		return of('level.error', edge.error);
	}

	if (searchIndex !== null && searchIndex.matches.at(searchIndex.matches.indexOf(number)) === number) {
		return of('mark', edge.match);
	}

	return level === 3 ? of('level.warn', edge.warn) : of('rule', rest);
}

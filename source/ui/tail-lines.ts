/** The lines of a tail, with the map at their right edge. */
import type {TailLine} from '../state/tail/line-buffer.ts';
import type {TailView} from '../state/tail/tail-view.ts';
import {wrapToWidth} from './chrome.ts';
import {describeEmptyTail} from './empty-tail.ts';
import {highlightMatches} from './highlight-matches.ts';
import type {Glyphs} from './glyphs.ts';
import {logLine, type LogLine} from './log-line.ts';
import {hintedKey, type RenderInput} from './render-input.ts';
import {padLines, line, styled, spread, type Line, type Span} from './styled-line.ts';
import {cellsForLines, shownWindow, thumbRow} from './tail-fit.ts';
import {isWrapped, tailRows} from './tail-rows.ts';
import {describeOlderLines} from './describe-tail.ts';

export function tailLines(screen: RenderInput, view: TailView, rows: number, width: number): Line[] {
	const {
		theme: {glyphs},
	} = screen;
	const room = cellsForLines(view, width);
	const read = new Map<number, LogLine>();
	const readLine = (one: TailLine): LogLine => {
		const known = read.get(one.number) ?? (one.kind === 'text' ? logLine(view, one, glyphs) : {lead: [], text: []});
		read.set(one.number, known);
		return known;
	};

	const {window, isTop} = shownWindow(view, rows, one =>
		isWrapped(view, one) ? tailRows(screen, view, one, room, readLine(one)).length : 1,
	);
	if (window.lines.length === 0) {
		return padLines(
			describeEmptyTail(screen, view)
				.flatMap(words => wrapToWidth(words, width - 2))
				.map(words => line(' ', styled('text.dim', words))),
			rows,
		);
	}

	const out: DrawnRow[] = isTop
		? [
				{
					line: line(styled('gap', `${glyphs.rule}${glyphs.rule} ${describeOlderLines(view, hintedKey(screen, 'tail.top'))} `)),
					of: null,
					isRule: true,
				},
			]
		: [];
	const cursor = view.follow ? -1 : window.lines.findIndex(({number}) => number === view.cursor);
	const texts = highlightMatches(
		view,
		window.lines.map(one => readLine(one).text),
		cursor,
	);
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

/** `isRule`: filled up with a rule to the edge. */
type DrawnRow = {line: Line; of: TailLine | null; isRule: boolean};

function withEdge({theme: {glyphs}}: RenderInput, view: TailView, row: DrawnRow | null, width: number, rest: string): Line {
	if (row === null) {
		return spread([], [styled('rule', rest)], width);
	}

	const fill = row.isRule ? styled('gap', glyphs.rule) : undefined;
	if (row.of === null) {
		return spread(row.line.spans, [styled('gap', glyphs.edge.gap)], width, fill, glyphs.more);
	}

	const isCursor = !view.follow && row.of.number === view.cursor;
	const spreadLine = spread(row.line.spans, [edgeSign(view, row.of, glyphs, rest)], width, fill, glyphs.more);
	return isCursor ? {...spreadLine, ground: 'selection'} : spreadLine;
}

function edgeSign({searchIndex}: TailView, {number, level, kind}: TailLine, {edge}: Glyphs, rest: string): Span {
	if (kind !== 'text') {
		return styled('gap', edge.gap);
	}

	if (level >= 4) {
		return styled('level.error', edge.error);
	}

	if (searchIndex !== null && searchIndex.matches.at(searchIndex.matches.indexOf(number)) === number) {
		return styled('mark', edge.match);
	}

	return level === 3 ? styled('level.warn', edge.warn) : styled('rule', rest);
}

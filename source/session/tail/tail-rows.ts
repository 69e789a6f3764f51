/** The screen rows of one tail line. */
import type {TailLine} from './line-buffer.ts';
import type {TailView} from './tail-view.ts';
import {sanitizeText} from '../../text/sanitize.ts';
import {wrapToWidth} from '../../text/wrap-to-width.ts';
import {clipSpans, dropCells, line, lineWidth, styled, type Line, type Span} from '../kit/styled-line.ts';
import {logLine, formatLogTime, type LogLine} from './log-line.ts';
import type {ScreenInput} from '../kit/screen-input.ts';

/** The expanded line shows all of a longer line. */
const maxRows = 200;
/** Cells of text that a wrapped row has at least; otherwise it starts at the left edge. */
const minWrappedWidth = 30;

/** Notices, and plain lines for terminal selection, are always wrapped. */
export function isWrapped({wrap, plain}: TailView, {kind}: TailLine): boolean {
	return wrap || plain || kind !== 'text';
}

export function tailRows(
	{theme: {glyphs}}: ScreenInput,
	view: TailView,
	one: TailLine,
	width: number,
	{lead: before, text}: LogLine = logLine(view, one, glyphs),
): Line[] {
	const isCursor = !view.follow && one.number === view.cursor;
	// The selected row has its own background, so the mark can replace the cursor glyph.
	const lead = view.plain
		? []
		: [view.marked.has(one.number) ? styled('mark', glyphs.marked) : isCursor ? styled('focus', glyphs.cursor) : {text: ' '}];
	if (one.kind !== 'text') {
		const glyph = lead.find(({text}) => text !== ' ');
		const words = `${one.time === 0 ? '' : `${formatLogTime(one.time, 'clock').slice(0, 8)} `}${sanitizeText(one.bytes.toString('utf8'))}`;
		return wrapToWidth(words, Math.max(1, width - 4)).map((row, index) =>
			index === 0 ? line(glyph ?? styled('gap', glyphs.rule), styled('gap', `${glyphs.rule} ${row} `)) : line(styled('gap', `   ${row} `)),
		);
	}

	const spans = [...before, ...text];
	if (!isWrapped(view, one)) {
		return [{spans: clipSpans([...lead, ...(view.left > 0 ? dropCells(spans, view.left) : spans)], width, glyphs.more)}];
	}

	const hang = lineWidth([...lead, ...before]);
	return wrapCells([...lead, ...spans], width, view.plain ? 0 : width - hang < minWrappedWidth ? lead.length : hang);
}

/** Rows after the first start at column `hang`. */
function wrapCells(spans: readonly Span[], width: number, hang: number): Line[] {
	const out: Line[] = [];
	const indent = hang === 0 ? [] : [{text: ' '.repeat(hang)}];
	let rest = spans;
	for (let rowWidth = width; lineWidth(rest) > rowWidth && out.length < maxRows; rowWidth = width - hang) {
		const head = clipSpans(rest, rowWidth, '');
		const took = lineWidth(head);
		out.push({spans: out.length === 0 ? head : [...indent, ...head]});
		rest = dropCells(rest, Math.max(1, took));
	}

	return [...out, {spans: [...(out.length === 0 ? [] : indent), ...rest]}];
}

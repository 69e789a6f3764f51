/** One drawn log line, the screen rows that it takes, and the lines that fit on the screen. */
import {readFieldLine, type FieldLine} from '../../base/lines/line-fields.ts';
import {levelNames} from '../../base/lines/line-level.ts';
import {cellWidth, fitToCells, wrapToWidth} from '../../base/text/cell-width.ts';
import {sanitizeText, sanitize} from '../../base/text/sanitize.ts';
import type {ScreenInput} from '../kit/screen-input.ts';
import {clipSpans, dropCells, line, lineWidth, sgrSpans, styled, type Line, type Span} from '../kit/styled-line.ts';
import type {TailLine} from './line-buffer.ts';
import {type TailView, activeIndex, followTail, numberAt, positionOf, shownEnd, shownLength, topOf} from './tail-view.ts';
import {formatNumber} from '../../base/text/formats.ts';
import type {Glyphs, Role} from '../kit/theme.ts';
import type {LineNumbers} from './line-index.ts';

/** The expanded line shows all of a longer line. */
const maxDrawnBytes = 8192;

/** `lead` is time and name. */
export type LogLine = {lead: readonly Span[]; text: readonly Span[]};

/** The expanded line shows all of a longer line. */
const maxRows = 200;
/** Cells of text that a wrapped row has at least; otherwise it starts at the left edge. */
const minWrappedWidth = 30;

type TailWindow = {
	lines: readonly TailLine[];
	above: number;
	below: number;
};

/** Counting stops here, because the counters are drawn several times per second. */
const maxCountedMatches = 5000;

export type MatchCount = {
	/** Number of the current or next match; `null` beyond the counted ones. */
	at: number | null;
	of: number;
	more: boolean;
	hidden: number;
};

export function logLine(view: TailView, line: TailLine, glyphs: Glyphs): LogLine {
	const source = view.sources[line.source];
	const spans: Span[] = [];
	if (view.times !== 'none' && !view.plain) {
		spans.push(styled('text.dim', `${formatLogTime(line.time, view.times)} `));
	}

	if (view.names !== 'none' && source && source.context !== null) {
		spans.push(styled('text.dim', `${fitToCells(source.shortContext, contextWidth(view))} `));
	}

	if (view.names !== 'none' && source && view.sources.length > 1) {
		const name = view.names === 'short' ? source.short : `${source.pod}/${source.container}`;
		spans.push(styled(`pod.${source.color}` as Role, `${name.padEnd(nameWidth(view))} `));
	}

	const cut = line.bytes.length > maxDrawnBytes;
	const text = line.bytes.toString('utf8', 0, maxDrawnBytes);
	const json = view.json && !cut ? readFieldLine(text) : null;
	const rest = cut ? [styled('gap', ` first ${formatNumber(maxDrawnBytes)} of ${formatNumber(line.bytes.length)} bytes`)] : [];
	return {lead: spans, text: [...(json ? jsonSpans(json, view, glyphs) : textSpans(text, line)), ...rest]};
}

function contextWidth({sources}: TailView): number {
	const contexts = new Set(sources.map(({shortContext}) => shortContext));
	return Math.max(...[...contexts].map(context => cellWidth(context)));
}

function nameWidth(view: TailView): number {
	return Math.min(
		40,
		Math.max(
			...view.sources.map(source => (view.names === 'short' ? source.short.length : source.pod.length + source.container.length + 1)),
		),
	);
}

/** Formats the time in UTC: `14:02:07.882`, or with the date. */
function formatLogTime(time: number, how: 'clock' | 'full' | 'none'): string {
	if (time === 0) {
		return how === 'full' ? ' '.repeat(24) : ' '.repeat(12);
	}

	const text = new Date(time).toISOString();
	return how === 'full' ? text : text.slice(11, 23);
}

function textSpans(text: string, line: TailLine): Span[] {
	const safe = sanitize(text, {colors: 'keep'})
		.replaceAll('\t', '  ')
		.replaceAll(/\r?\n$/g, '');
	return safe.includes('\u001B') ? sgrSpans(safe) : [styled(levelRoles[line.level], safe)];
}

/** Indexed by `LineLevel`. */
const levelRoles: ReadonlyArray<Role | undefined> = [undefined, 'text.dim', undefined, 'level.warn', 'level.error', 'level.error'];

function wordRole(word: string): Role | undefined {
	if (/err|fatal|panic|crit/.test(word)) {
		return 'level.error';
	}

	if (word.startsWith('warn')) {
		return 'level.warn';
	}

	return word === 'debug' || word === 'trace' ? 'text.dim' : undefined;
}

function jsonSpans(json: FieldLine, view: TailView, glyphs: Glyphs): Span[] {
	const level = (json.level ?? '').toLowerCase();
	const word = /^\d+$/.test(level) ? levelNames[Math.min(5, Math.max(1, Math.floor(Number(level) / 10) - 1))]! : level;
	const role = wordRole(word);
	const safe = (text: string) =>
		sanitize(text)
			.replaceAll(/\r?\n/g, () => ` ${glyphs.newLine} `)
			.replaceAll('\t', '  ');
	const chosen = view.fields.length > 0 ? view.fields.flatMap(name => json.fields.filter(field => field.name === name)) : json.fields;
	const hidden = json.fields.length - chosen.length;
	const spans: Span[] = [
		styled(
			role,
			`${safe(word || '-')
				.padEnd(5)
				.slice(0, 5)} `,
		),
		styled(role, safe(json.message ?? '').padEnd(chosen.length > 0 ? 22 : 0)),
	];
	for (const {name, value, kind} of chosen) {
		const shown = kind === 'string' && /[\s"=]/.test(value) ? JSON.stringify(safe(value)) : safe(value);
		spans.push(styled('json.key', `  ${safe(name)}=`), styled(kind === 'number' ? 'json.number' : 'json.string', shown));
	}

	return hidden > 0 ? [...spans, styled('text.dim', `  +${hidden}`)] : spans;
}

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

/** The map at the right edge takes two cells. */
export function cellsForLines({plain}: Pick<TailView, 'plain'>, columns: number): number {
	return columns - (plain ? 0 : 2);
}

export function fitTail(screen: ScreenInput, view: TailView): TailView {
	const {size, pageRows: windowRows} = screen.state;
	const width = cellsForLines(view, size.columns);
	const fitting = view.windowRows === windowRows ? view : {...view, windowRows};
	return scrollToCursor(fitting, windowRows, one => (isWrapped(fitting, one) ? tailRows(screen, fitting, one, width).length : 1));
}

/** `isTop`: a row above the first line describes the older lines. */
export function shownWindow(view: TailView, rows: number, heightOf: (one: TailLine) => number): {window: TailWindow; isTop: boolean} {
	const whole = tailWindow(view, rows, heightOf);
	const isTop =
		!view.follow &&
		!view.plain &&
		whole.above === 0 &&
		whole.lines.length > 0 &&
		rows > 2 &&
		whole.lines.slice(0, -1).some(({number}) => number === view.cursor);
	return {window: isTop ? tailWindow(view, rows - 1, heightOf) : whole, isTop};
}

/** The row of the map that marks the window. */
export function thumbRow(
	{follow}: Pick<TailView, 'follow'>,
	{above, lines, below}: Pick<TailWindow, 'above' | 'lines' | 'below'>,
	rows: number,
): number {
	const total = above + lines.length + below;
	return Math.min(rows - 1, Math.floor(((follow ? total : above) / Math.max(1, total)) * rows));
}

/** While following, the newest line is always complete, so only the end of the first line may fit. */
export function tailWindow(view: TailView, rows: number, heightOf: (line: TailLine) => number): TailWindow {
	const length = shownLength(view);
	if (length === 0) {
		return {lines: [], above: 0, below: 0};
	}

	let from = view.follow ? length : positionOf(view, topOf(view));
	if (view.follow) {
		for (let remaining = rows; from > 0 && remaining > 0; from--) {
			remaining -= heightAt(view, from - 1, heightOf);
		}
	}

	const lines: TailLine[] = [];
	let position = from;
	for (let remaining = rows; position < length && (remaining > 0 || view.follow); position++) {
		const line = view.buffer.line(numberAt(view, position));
		if (line === null) {
			break;
		}

		lines.push(line);
		remaining -= heightOf(line);
	}

	return {lines, above: from, below: length - position};
}

/** A line that does not fit is visible from its top. */
export function scrollToCursor(view: TailView, rows: number, heightOf: (line: TailLine) => number): TailView {
	if (view.follow || shownLength(view) === 0) {
		return view;
	}

	const position = positionOf(view, view.cursor);
	let from = position;
	for (let remaining = rows - heightAt(view, position, heightOf); from > 0; from--) {
		remaining -= heightAt(view, from - 1, heightOf);
		if (remaining < 0) {
			break;
		}
	}

	return positionOf(view, topOf(view)) >= from ? view : {...view, top: numberAt(view, from)};
}

/** Moves the window. The cursor stays in it, and the end follows again. */
export function scrollTail(view: TailView, by: number): TailView {
	const length = shownLength(view);
	const last = Math.max(0, length - view.windowRows);
	const wanted = positionOf(view, topOf(view)) + by;
	if (by > 0 && (view.follow || (wanted >= last && view.pausedAt === null))) {
		return view.follow ? view : followTail(view);
	}

	const top = Math.max(0, Math.min(wanted, last));
	const position = view.follow ? length - 1 : positionOf(view, view.cursor);
	const cursor = Math.max(top, Math.min(position, top + view.windowRows - 1));
	return {...view, follow: false, top: numberAt(view, top), cursor: numberAt(view, cursor)};
}

function heightAt(view: TailView, position: number, heightOf: (line: TailLine) => number): number {
	const line = view.buffer.line(numberAt(view, position));
	return line === null ? 1 : heightOf(line);
}

/** Wraps around. */
export function nextMatch(view: TailView, direction: 1 | -1): number | null {
	return direction > 0
		? (firstFrom(view, view.cursor + 1) ?? firstFrom(view, view.buffer.first))
		: (lastUpTo(view, view.cursor - 1) ?? lastUpTo(view, shownEnd(view) - 1));
}

export function countMatches(view: TailView): MatchCount {
	const matches = view.searchIndex?.matches;
	if (!matches || activeIndex(view) === null) {
		const of = matches?.indexOf(shownEnd(view)) ?? 0;
		return {at: matches ? Math.min(of, matches.indexOf(view.cursor) + 1) : 0, of, more: false, hidden: (matches?.length ?? 0) - of};
	}

	let [of, before, isPast] = [0, 0, false];
	for (let number = firstFrom(view, view.buffer.first); number !== null; number = firstFrom(view, number + 1)) {
		if (of === maxCountedMatches) {
			return {at: isPast ? before + 1 : null, of, more: true, hidden: 0};
		}

		of++;
		isPast ||= number >= view.cursor;
		before += number < view.cursor ? 1 : 0;
	}

	return {at: Math.min(of, before + 1), of, more: false, hidden: matches.length - of};
}

function firstFrom(view: TailView, from: number): number | null {
	const [matches, shown] = [view.searchIndex?.matches, activeIndex(view)?.shown];
	for (let at = from; ;) {
		const match = matches?.at(matches.indexOf(at));
		const row = match === undefined || !shown ? match : shown.at(shown.indexOf(match));
		if (match === undefined || row === undefined || match >= shownEnd(view)) {
			return null;
		}

		if (row === match) {
			return match;
		}

		at = row;
	}
}

function lastUpTo(view: TailView, to: number): number | null {
	const [matches, shown] = [view.searchIndex?.matches, activeIndex(view)?.shown];
	for (let at = Math.min(to, shownEnd(view) - 1); ;) {
		const match = matches && upTo(matches, at);
		const row = match === undefined || !shown ? match : upTo(shown, match);
		if (match === undefined || row === undefined) {
			return null;
		}

		if (row === match) {
			return match;
		}

		at = row;
	}
}

function upTo(numbers: LineNumbers, number: number): number | undefined {
	return numbers.at(numbers.indexOf(number + 1) - 1);
}

/** One drawn log line, the screen rows that it takes, and the lines that fit on the screen. */
import {readFieldLine, type FieldLine} from '../../lines/line-fields.ts';
import {levelNames} from '../../lines/line-level.ts';
import {cellWidth, fitToCells} from '../../text/cell-width.ts';
import {sanitizeText, sanitize} from '../../text/sanitize.ts';
import {wrapToWidth} from '../../text/wrap-text.ts';
import type {ScreenInput} from '../kit/screen-input.ts';
import {clipSpans, dropCells, line, lineWidth, sgrSpans, styled, type Line, type Span} from '../kit/styled-line.ts';
import type {TailCount} from './describe-tail.ts';
import type {TailLine} from './line-buffer.ts';
import type {TailView} from './tail-view.ts';
import {tailWindow, scrollToCursor} from './tail-window.ts';
import {formatNumber} from '../../text/formats.ts';
import type {Glyphs, Role} from '../kit/theme.ts';

/** The expanded line shows all of a longer line. */
const maxDrawnBytes = 8192;

/** `lead` is time and name. */
export type LogLine = {lead: readonly Span[]; text: readonly Span[]};

/** The expanded line shows all of a longer line. */
const maxRows = 200;
/** Cells of text that a wrapped row has at least; otherwise it starts at the left edge. */
const minWrappedWidth = 30;

type Window = ReturnType<typeof tailWindow>;

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

	if (line.late && !view.plain) {
		const newest = newestBefore(view, line.number);
		spans.push(styled('gap', newest > line.time ? `late ${((newest - line.time) / 1000).toFixed(1)} s ` : 'late '));
	}

	const cut = line.bytes.length > maxDrawnBytes;
	const text = line.bytes.toString('utf8', 0, maxDrawnBytes);
	const json = view.json && !cut ? readFieldLine(text) : null;
	const rest = cut ? [styled('gap', ` first ${formatNumber(maxDrawnBytes)} of ${formatNumber(line.bytes.length)} bytes`)] : [];
	return {lead: spans, text: [...(json ? jsonSpans(json, view, glyphs) : textSpans(text, line)), ...rest]};
}

/** Time of the previous line that was not late. */
function newestBefore({buffer}: TailView, number: number): number {
	for (let before = number - 1; before >= buffer.first && before > number - 1000; before--) {
		const line = buffer.line(before)!;
		if (line.kind === 'text' && !line.late) {
			return line.time;
		}
	}

	return 0;
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
export function shownWindow(view: TailView, rows: number, heightOf: (one: TailLine) => number): {window: Window; isTop: boolean} {
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
	{above, lines, below}: Pick<Window, 'above' | 'lines' | 'below'>,
	rows: number,
): number {
	const total = above + lines.length + below;
	return Math.min(rows - 1, Math.floor(((follow ? total : above) / Math.max(1, total)) * rows));
}

/** Omits zero counters until the rest fits. */
export function fitCounts(counts: readonly TailCount[], width: number, between: string): readonly TailCount[] {
	const length = (some: readonly TailCount[]) => some.reduce((sum, {text}) => sum + text.length + between.length, -between.length);
	let kept = counts;
	for (const count of counts) {
		if (count.isZero && length(kept) > width) {
			kept = kept.filter(one => one !== count);
		}
	}

	return kept;
}

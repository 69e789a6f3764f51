/** Screens of labelled text: details, doctor, messages; and the why screen, which is made of the same lines. */
import type {Layer, TextLine} from '../state/session-state.ts';
import {lineLabel} from '../state/line-label.ts';
import {searchPattern, searchProblem, type TextSearch} from '../state/text-search.ts';
import {hitsWithin} from '../text/bounded-match.ts';
import {clipToCells} from '../text/cell-width.ts';
import {clockTime} from '../text/clock-time.ts';
import {grouped} from '../text/grouped.ts';
import {matchWords} from '../state/match-words.ts';
import {titledRule, wrapWords} from './chrome.ts';
import {onGround, type Hits} from './line-matches.ts';
import {pathLine, replicaLetter} from './path-words.ts';
import type {Screen} from './screen.ts';
import {fillUp, line, of, type Line, type Span} from './styled-line.ts';
import type {Role} from './theme.ts';

const labelWidth = 10;

type TextLayer = Extract<Layer, {kind: 'text'}>;

/** Rule and `rows - 1` lines from `top`. */
export function textScreen(screen: Screen, layer: TextLayer, rows: number): Line[] {
	const right = layer.search ? searchWords(layer.search) : layer.right;
	return pageOf(screen, {title: layer.title, after: layer.subject, right}, withFound(textRows(screen, layer.lines), layer), layer.top, rows);
}

/** `match 3 of 12`, or why it cannot be searched for. */
export function searchWords(search: TextSearch): string {
	const {at, found} = search;
	return (found.length === 0 ? searchProblem(search) : null) ?? matchWords({at: at === null ? null : found.indexOf(at) + 1, of: found.length, more: false, hidden: 0});
}

/** A titled rule and the lines from `top` on; what stands above and below is counted. */
export function pageOf(screen: Screen, {title, after, right}: {title: string; after?: string; right: string}, body: readonly Line[], wanted: number, rows: number): Line[] {
	const top = Math.max(0, Math.min(wanted, body.length - rows + 1));
	const below = body.length - top - rows + 1;
	const hidden = [top > 0 ? `${grouped(top)} above` : '', below > 0 ? `${grouped(below)} below` : ''].filter(part => part !== '').join('  ');
	return fillUp([titledRule(screen, title, {focus: true, ...after !== undefined && {after}, right: [right, hidden].filter(part => part !== '').join(` ${screen.theme.glyphs.dot} `)}), ...body.slice(top, top + rows - 1)], rows);
}

/** Wrapped to the screen, the texts of all labels in one column. */
export function textLines(screen: Screen, lines: readonly TextLine[]): Line[] {
	return textRows(screen, lines).map(row => row.line);
}

/** A row of the screen: of which line, and which part of it where that is shown as it is, behind `lead` blanks. */
type TextRow = {line: Line; of: number; part: {from: number; to: number; lead: number} | null};

function textRows(screen: Screen, lines: readonly TextLine[]): TextRow[] {
	return lines.flatMap((one, index): TextRow[] => one.asIs
		? partsOf(one, screen.state.size.columns).map(part => ({line: line(' '.repeat(part.lead), partSpans(one, part)), of: index, part}))
		: wordRows(screen, one).map(row => ({line: row, of: index, part: null})));
}

function wordRows(screen: Screen, one: TextLine): Line[] {
	const {state: {size, processes, now}, theme: {glyphs}} = screen;
	if (one.path) {
		return [line(' ', pathLine(one.path, size.columns - 2, glyphs, replicaLetter(processes, one.path.process.id)))];
	}

	if (one.rule) {
		return [titledRule(screen, one.text)];
	}

	const indent = one.indent ?? 1;
	const label = lineLabel(one, now);
	const lead = label === undefined ? ' '.repeat(indent) : ' '.repeat(indent) + label.padEnd(Math.max(labelWidth, label.length + 1));
	const wrapped = wrapWords(one.text, Math.max(20, size.columns - lead.length - 1));
	return wrapped.map((text, index) => line(index === 0 ? of('text.dim', lead) : ' '.repeat(lead.length), of(one.role as Role | undefined, text)));
}

type Part = NonNullable<TextRow['part']>;

const isAscii = /^[ -~]*$/;
/** A long line is cut anew only when the screen has another width. */
const cut = new WeakMap<TextLine, {columns: number; parts: readonly Part[]}>();

/** The parts behind the first one stand further in than the line does. */
function partsOf(one: TextLine, columns: number): readonly Part[] {
	const known = cut.get(one);
	if (known?.columns === columns) {
		return known.parts;
	}

	const {text} = one;
	const further = Math.min(/^[ -]*/.exec(text)![0].length + 3, Math.floor(columns / 2));
	const parts: Part[] = [];
	let from = 0;
	do {
		const lead = from === 0 ? 1 : further;
		const room = Math.max(1, columns - lead);
		const fits = text.slice(from, from + room);
		// Of a character that a terminal shows in one cell there may be several units.
		const to = from + (isAscii.test(fits) ? fits : clipToCells(text.slice(from, from + (room * 8)), room, '') || fits.slice(0, 1)).length;
		parts.push({from, to, lead});
		from = to;
	} while (from < text.length);

	cut.set(one, {columns, parts});
	return parts;
}

function partSpans({text, key, role}: TextLine, {from, to}: Part): Span[] {
	const [first, last] = key ? [Math.max(from, Math.min(to, key[0])), Math.max(from, Math.min(to, key[1]))] : [from, from];
	return [of(role as Role | undefined, text.slice(from, first)), of('json.key', text.slice(first, last)), of(role as Role | undefined, text.slice(last, to))].filter(span => span.text !== '');
}

/** A regular expression may hold up one frame for so long. */
const longestMs = 20;

/** What is searched for stands on its own ground, also where a line is cut within it. */
function withFound(rows: readonly TextRow[], {lines, search}: Pick<TextLayer, 'lines' | 'search'>): Line[] {
	const found = new Set(search?.found);
	const marked = rows.filter(row => found.has(row.of));
	if (!search || marked.length === 0) {
		return rows.map(row => row.line);
	}

	// A line that is cut is looked through once, and whole.
	const texts = new Map(marked.map(row => [row.part ? row.of : row, row.part ? lines[row.of]!.text : row.line.spans.map(({text}) => text).join('')] as const));
	const looked = hitsWithin(searchPattern(search, 'g'), [...texts.values()], longestMs) ?? [];
	const hits = new Map([...texts.keys()].map((key, index) => [key, looked[index] ?? []] as const));
	return rows.map((row): Line => {
		const hitsHere = row.part ? within(hits.get(row.of) ?? [], row.part) : hits.get(row) ?? [];
		return hitsHere.length === 0 ? row.line : {...row.line, spans: onGround(row.line.spans, hitsHere, row.of === search.at ? 'match.current' : 'match')};
	});
}

function within(hits: Hits, {from, to, lead}: Part): Hits {
	return hits.filter(([first, last]) => first < to && last > from).map(([first, last]) => [Math.max(first, from) - from + lead, Math.min(last, to) - from + lead]);
}

/** The row on which the line that a search stands on is hit first. */
export function rowOfMatch(screen: Screen, {lines, search}: Pick<TextLayer, 'lines' | 'search'>): number {
	const rows = textRows(screen, lines);
	const at = search?.at ?? null;
	const one = at === null ? undefined : lines[at];
	if (!search || one === undefined) {
		return -1;
	}

	const hit = one.asIs ? hitsWithin(searchPattern(search, 'g'), [one.text], longestMs)?.[0]?.[0]?.[0] ?? 0 : 0;
	return rows.findIndex(({of: index, part}) => index === at && (part === null || part.to > hit));
}

/** Which line the row is of that stands at the top. */
export function lineAtTop(screen: Screen, {lines, top}: Pick<TextLayer, 'lines' | 'top'>): number {
	return textRows(screen, lines)[top]?.of ?? 0;
}

export function messagesScreen(screen: Screen, top: number, rows: number): Line[] {
	return pageOf(screen, {title: 'Messages', right: String(screen.state.messages.length)}, messageLines(screen), top, rows);
}

/** The newest first. */
export function messageLines({state: {messages, size}}: Screen): Line[] {
	const body = messages.toReversed().flatMap(({time, text, role}) => wrapWords(text, Math.max(20, size.columns - 12)).map((row, index) => line(
		' ', of('text.dim', index === 0 ? `${clockTime(time)}  ` : ' '.repeat(10)), of(role === 'error' ? 'notice.error' : role === 'warn' ? 'notice.warn' : undefined, row),
	)));
	return body.length === 0 ? [line(' ', of('text.dim', 'Nothing to report.'))] : body;
}

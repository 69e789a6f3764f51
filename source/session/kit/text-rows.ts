/** Lays out the lines of a text as screen rows. */
import {pathSentences} from '../../report/descriptions/describe-path.ts';
import type {TextLine, Layer, SessionState} from '../frame/session-state.ts';
import {cellWidth, truncateToCells, wrapToWidth} from '../../base/text/cell-width.ts';
import {line, spread, styled, type Line, type Span} from './styled-line.ts';
import {pathLineSpans, replicaLetter} from './path-line-spans.ts';
import type {ScreenWith} from './screen-input.ts';
import type {Role} from './theme.ts';
import {formatAge} from '../../base/text/formats.ts';
import {matchWithin, escapeRegExp, describeRegexError, patternOf} from '../../base/text/search-patterns.ts';

export const wrapped: TextWrapping = {isCut: false, left: 0};

const labelWidth = 10;
/** `exception` is the longest indented label. */
const indentedLabelWidth = 12;
/** Minimum width for wrapping. */
const minWrappedWidth = 20;

/** What the rows of a text depend on. */
export const textParts = ['size', 'now', 'processes', 'hasScreenReader'] as const;
export type TextPart = (typeof textParts)[number];
type TextScreen = ScreenWith<TextPart>;

/** `of`: the index of the line. `part`: for `asIs` text, which part of it, after `lead` blanks. */
export type TextRow = {line: Line; of: number; part: {from: number; to: number; lead: number} | null};

/** Stands for an age in a text. Sanitized text never contains it. */
export const agoMark = '\0';

/** `found`: line indexes in order. */
export type TextSearch = {text: string; regex: boolean; found: readonly number[]; at: number | null};

type Searched = Pick<TextSearch, 'text' | 'regex'>;

/** Limit for a whole text. */
const maxDurationMs = 250;

/** `left`: cells scrolled out at the left. */
export type TextWrapping = {isCut: boolean; left: number};

export function textLines(screen: TextScreen, lines: readonly TextLine[]): Line[] {
	return textRows(screen, lines, wrapped).map(row => row.line);
}

export function textRows(screen: TextScreen, lines: readonly TextLine[], look: TextWrapping): TextRow[] {
	return lines.flatMap((one, index): TextRow[] => {
		if (!one.asIs) {
			return wordRows(screen, one, look).map(row => ({line: row, of: index, part: null}));
		}

		return look.isCut
			? [cutRow(screen, one, index, look.left)]
			: partsOf(one, screen.state.size.columns).map(part => ({line: line(' '.repeat(part.lead), partSpans(one, part)), of: index, part}));
	});
}

export function hiddenCells(screen: TextScreen, lines: readonly TextLine[]): number {
	let most = 0;
	for (const one of lines) {
		const texts = one.rule || one.path ? [] : lineText(one, screen.state.now).split('\n');
		for (const text of texts) {
			most = Math.max(most, cellWidth(text) - availableCells(screen, one));
		}
	}

	return most;
}

export function availableCells({state: {size, now}}: ScreenWith<'size' | 'now'>, one: TextLine): number {
	return Math.max(1, size.columns - (one.asIs ? 1 : leadOf(one, now).length + 1));
}

function leadOf(one: TextLine, now: number): string {
	const indent = ' '.repeat(one.indent ?? 1);
	const label = lineLabel(one, now);
	return label === undefined
		? indent
		: indent + label.padEnd(Math.max(label.startsWith('  ') ? indentedLabelWidth : labelWidth, label.length + 1));
}

function wordRows(screen: TextScreen, one: TextLine, {isCut, left}: TextWrapping): Line[] {
	const {
		state: {size, processes, now, hasScreenReader},
		theme: {glyphs},
	} = screen;
	if (one.path) {
		if (hasScreenReader) {
			return pathSentences(one.path).map(text => line(text));
		}

		return [line(' ', pathLineSpans(one.path, size.columns - 2, glyphs, replicaLetter(processes, one.path)))];
	}

	if (one.rule) {
		return [spread([styled('rule', glyphs.rule.repeat(2)), {text: ` ${one.text} `}], [], size.columns, styled('rule', glyphs.rule))];
	}

	const lead = leadOf(one, now);
	const width = availableCells(screen, one);
	const text = lineText(one, now);
	const texts = isCut
		? text.split('\n').map(part => cutText(part, left, width, glyphs.more))
		: wrapToWidth(text, Math.max(minWrappedWidth, width));
	return texts.map((part, index) =>
		line(index === 0 ? styled('text.dim', lead) : ' '.repeat(lead.length), styled(one.role as Role | undefined, part)),
	);
}

type Part = NonNullable<TextRow['part']>;

function cutText(text: string, left: number, width: number, mark: string): string {
	const {from, to, isWhole} = seenPart(text, left, width);
	return `${text.slice(from, to)}${isWhole ? '' : mark}`;
}

function cutRow(screen: TextScreen, one: TextLine, index: number, left: number): TextRow {
	const {from, to, isWhole} = seenPart(one.text, left, availableCells(screen, one));
	const part = {from, to, lead: 1};
	return {line: line(' ', partSpans(one, part), isWhole ? [] : styled('text.dim', screen.theme.glyphs.more)), of: index, part};
}

/** Keeps a cell for the mark of a cut. */
function seenPart(text: string, left: number, width: number): {from: number; to: number; isWhole: boolean} {
	const from = fitting(text, 0, left);
	const to = from + fitting(text, from, width);
	return to === text.length ? {from, to, isWhole: true} : {from, to: from + fitting(text, from, width - 1), isWhole: false};
}

const isAscii = /^[ -~]*$/;

/** Number of UTF-16 units that fit; one cell can take several. */
function fitting(text: string, from: number, cells: number): number {
	const fits = text.slice(from, from + cells);
	return (isAscii.test(fits) ? fits : truncateToCells(text.slice(from, from + cells * 8), cells, '')).length;
}

/** Parts of long lines, valid until the width changes. */
const cut = new WeakMap<TextLine, {columns: number; parts: readonly Part[]}>();

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
		const to = Math.min(text.length, from + (fitting(text, from, Math.max(1, columns - lead)) || 1));
		parts.push({from, to, lead});
		from = to;
	} while (from < text.length);

	cut.set(one, {columns, parts});
	return parts;
}

function partSpans({text, key, role}: TextLine, {from, to}: Part): Span[] {
	const [first, last] = key ? [Math.max(from, Math.min(to, key[0])), Math.max(from, Math.min(to, key[1]))] : [from, from];
	return [
		styled(role as Role | undefined, text.slice(from, first)),
		styled('json.key', text.slice(first, last)),
		styled(role as Role | undefined, text.slice(last, to)),
	].filter(span => span.text !== '');
}

export function formatCopiedLines(lines: readonly TextLine[], now: number): string {
	return lines
		.map(one => copiedLine({...one, text: lineText(one, now)}, lineLabel(one, now)))
		.join('\n')
		.trim();
}

function copiedLine({path, rule, text}: TextLine, label: string | undefined): string {
	if (path) {
		return path.line;
	}

	if (rule) {
		return `\n${text}`;
	}

	if (label?.trim() === '') {
		return `  ${text}`;
	}

	return label === undefined ? text : `${label.trim()}: ${text}`;
}

/** The text with its times as ages: `exited 3 (Error) 4m ago`. */
export function lineText({text, times = []}: Pick<TextLine, 'text' | 'times'>, now: number): string {
	return times.reduce((shown, time) => shown.replace(agoMark, `${formatAge(now - time)} ago`), text);
}

function lineLabel({label, since}: TextLine, now: number): string | undefined {
	return since === undefined ? label : `${formatAge(now - since).padEnd(5)} ${label ?? ''}`;
}

/** Like `patternOf`. @throws SyntaxError for an invalid regular expression */
export function searchPattern({text, regex}: Searched, flags = ''): RegExp {
	return patternOf(regex ? text : escapeRegExp(text), flags);
}

export function searchProblem(searched: Searched): string | null {
	try {
		searchPattern(searched);
		return null;
	} catch (error) {
		return describeRegexError(error);
	}
}

/** Wraps around. An invalid or slow search finds nothing. */
export function searchText(lines: readonly TextLine[], {text, regex}: Searched, from: number): TextSearch | null {
	if (text === '') {
		return null;
	}

	const isProblem = searchProblem({text, regex}) !== null;
	const has = isProblem
		? null
		: matchWithin(
				searchPattern({text, regex}),
				lines.map(({asIs, label = '', text}) => (asIs ? text : `${label} ${text}`)),
				maxDurationMs,
			);
	const found = lines.flatMap((_, index) => (has?.[index] ? [index] : []));
	return {text, regex, found, at: found.find(index => index >= from) ?? found[0] ?? null};
}

/** Wraps around. */
export function nextFound({found, at}: TextSearch, direction: 1 | -1): number | null {
	const here = at ?? -1;
	return direction > 0
		? (found.find(index => index > here) ?? found[0] ?? null)
		: (found.findLast(index => index < here) ?? found.at(-1) ?? null);
}

/** Text that is scrolled sideways is always cut. */
export function wrappingOf({isTextCut}: Pick<SessionState, 'isTextCut'>, layer: Layer | undefined): TextWrapping {
	const left = layer !== undefined && 'left' in layer ? (layer.left ?? 0) : 0;
	return {isCut: isTextCut || left > 0, left};
}

export function toggleWrap(state: SessionState): SessionState {
	const top = state.layers.at(-1);
	const layers = top !== undefined && 'left' in top ? [...state.layers.slice(0, -1), {...top, left: 0}] : state.layers;
	return {...state, layers, isTextCut: !wrappingOf(state, top).isCut};
}

/** Lays out the lines of a text as screen rows. */
import {pathSentences} from '../../descriptions/describe-path.ts';
import {lineLabel, lineText} from './format-copied-lines.ts';
import type {TextLine} from '../frame/session-state.ts';
import type {TextWrapping} from '../text/text-search.ts';
import {cellWidth, truncateToCells} from '../../text/cell-width.ts';
import {wrapToWidth} from '../../text/wrap-text.ts';
import {line, spread, styled, type Line, type Span} from './styled-line.ts';
import {pathLineSpans, replicaLetter} from './path-line-spans.ts';
import type {ScreenWith} from './screen-input.ts';
import type {Role} from './theme.ts';

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

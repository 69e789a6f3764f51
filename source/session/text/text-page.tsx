/** Pages of labeled text: details, YAML, doctor, responses, and the message history. */
import type {ReactNode} from 'react';
import {findMatchesWithin} from '../../text/search-patterns.ts';
import {cellWidth} from '../../text/cell-width.ts';
import {clockTime} from '../../text/formats.ts';
import type {Layer, SessionState, TextLayer, TextLine} from '../frame/session-state.ts';
import {lineText} from '../kit/format-copied-lines.ts';
import {applyBackground, describeMatchPosition, type MatchRanges} from '../kit/highlight-matches.ts';
import {Page} from '../kit/rows.tsx';
import {useScreenWith, type ScreenWith} from '../kit/screen-input.ts';
import type {Line} from '../kit/styled-line.ts';
import {hiddenCells, availableCells, textParts, textRows, type TextPart, type TextRow} from '../kit/text-rows.ts';
import {searchPattern, searchProblem, wrappingOf, type TextSearch, type TextWrapping} from './text-search.ts';

type MessagesLayer = Extract<Layer, {kind: 'messages'}>;

export function TextPage({layer}: {readonly layer: TextLayer}): ReactNode {
	const screen = useScreenWith(...textParts, 'isTextCut');
	const {title, subject, search, status, top} = layer;
	const found = layer.lines[search?.at ?? -1];
	// Only its color shows the match on the screen.
	const match = found && screen.state.hasScreenReader ? `, ${lineText(found, screen.state.now)}` : '';
	return (
		<Page title={title} after={subject} right={search ? describeSearch(search) + match : status} body={textBody(screen, layer)} top={top} />
	);
}

export function textBody(screen: ScreenWith<TextPart | 'isTextCut'>, layer: TextLayer): Line[] {
	return withFound(textRows(screen, layer.lines, wrappingOf(screen.state, layer)), layer);
}

function describeSearch(search: TextSearch): string {
	const {at, found} = search;
	return (
		(found.length === 0 ? searchProblem(search) : null) ??
		describeMatchPosition({
			at: at === null ? null : found.indexOf(at) + 1,
			of: found.length,
			more: false,
			hidden: 0,
		})
	);
}

const maxDurationMs = 20;

/** Highlights matches also across a cut. */
function withFound(rows: readonly TextRow[], {lines, search}: Pick<TextLayer, 'lines' | 'search'>): Line[] {
	const found = new Set(search?.found);
	const marked = rows.filter(row => found.has(row.of));
	if (!search || marked.length === 0) {
		return rows.map(row => row.line);
	}

	const texts = new Map(
		marked.map(row => [row.part ? row.of : row, row.part ? lines[row.of]!.text : row.line.spans.map(({text}) => text).join('')] as const),
	);
	const looked = findMatchesWithin(searchPattern(search, 'g'), [...texts.values()], maxDurationMs) ?? [];
	const hits = new Map([...texts.keys()].map((key, index) => [key, looked[index] ?? []] as const));
	return rows.map((row): Line => {
		const rowMatches = row.part ? within(hits.get(row.of) ?? [], row.part) : (hits.get(row) ?? []);
		return rowMatches.length === 0
			? row.line
			: {...row.line, spans: applyBackground(row.line.spans, rowMatches, row.of === search.at ? 'match.current' : 'match')};
	});
}

function within(hits: MatchRanges, {from, to, lead}: NonNullable<TextRow['part']>): MatchRanges {
	return hits
		.filter(([first, last]) => first < to && last > from)
		.map(([first, last]) => [Math.max(first, from) - from + lead, Math.min(last, to) - from + lead]);
}

type Searched = Pick<TextLayer, 'lines' | 'search'>;

/** The row with the first match of the current line. */
export function rowOfMatch(screen: ScreenWith<TextPart>, searched: Searched, look: TextWrapping): number {
	const hit = firstHit(searched);
	return hit === null
		? -1
		: textRows(screen, searched.lines, look).findIndex(
				({of: index, part}) => index === searched.search?.at && (part === null || look.isCut || part.to > hit.from),
			);
}

/** The scroll offset that shows that match; unchanged if it is visible. */
export function leftOfMatch(screen: ScreenWith<TextPart>, searched: Searched, left: number): number {
	const hit = firstHit(searched);
	if (hit === null) {
		return left;
	}

	const width = availableCells(screen, hit.one);
	const [first, last] = [hit.from, hit.to].map(at => cellWidth(hit.one.text.slice(0, at))) as [number, number];
	return first >= left && last < left + width
		? left
		: Math.max(0, Math.min(first - Math.floor(width / 3), hiddenCells(screen, searched.lines)));
}

function firstHit({lines, search}: Searched): {one: TextLine; from: number; to: number} | null {
	const one = lines[search?.at ?? -1];
	if (!search || one === undefined) {
		return null;
	}

	const [from, to] = findMatchesWithin(searchPattern(search, 'g'), [one.text], maxDurationMs)?.[0]?.[0] ?? [0, 0];
	return {one, from, to};
}

export function Messages({layer}: {readonly layer: MessagesLayer}): ReactNode {
	const screen = useScreenWith(...textParts, 'messages', 'isTextCut');
	return <Page title="Messages" right={String(screen.state.messages.length)} body={messagesBody(screen, layer)} top={layer.top} />;
}

export function messagesBody(screen: ScreenWith<TextPart | 'messages' | 'isTextCut'>, layer: MessagesLayer): Line[] {
	return textRows(screen, messageTexts(screen.state), wrappingOf(screen.state, layer)).map(row => row.line);
}

export function messageTexts({messages}: Pick<SessionState, 'messages'>): readonly TextLine[] {
	return messages.length === 0
		? [{text: 'No messages yet.', role: 'text.dim'}]
		: messages.toReversed().map(({time, text, role}) => ({
				label: clockTime(time),
				text,
				...(role !== 'plain' && {role: role === 'error' ? 'notice.error' : 'notice.warn'}),
			}));
}

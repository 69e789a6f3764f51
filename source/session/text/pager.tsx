/** The pages over a view: why, help, details, YAML, doctor, responses and the message history. One pager draws them. */
import type {ReactNode} from 'react';
import {cellWidth} from '../../base/text/cell-width.ts';
import {clockTime, formatNumber} from '../../base/text/formats.ts';
import {findMatchesWithin} from '../../base/text/search-patterns.ts';
import type {Layer, SessionState, TextLayer, TextLine} from '../frame/session-state.ts';
import {applyBackground, describeMatchPosition, type MatchRanges} from '../kit/highlight-matches.ts';
import {useScreenHost, useScreenWith, type ScreenWith} from '../kit/screen-input.ts';
import type {Line} from '../kit/styled-line.ts';
import {Rows, Rule} from '../kit/styled-text.tsx';
import {
	availableCells,
	hiddenCells,
	lineText,
	textParts,
	textRows,
	type TextPart,
	type TextRow,
	searchPattern,
	searchProblem,
	wrappingOf,
	type TextSearch,
	type TextWrapping,
} from '../kit/text-rows.ts';
import {whyPage} from '../why/why.ts';
import {helpBody} from './help.ts';

export type PageLayer = Exclude<Layer, {kind: 'tail'}>;

const pageParts = [...textParts, 'isTextCut', 'pageRows', 'cluster', 'connections', 'messages'] as const;
type PageScreen = ScreenWith<(typeof pageParts)[number]>;

/** `head`: rows that are laid out already. */
type Page = {title: string; after?: string; right?: string; head?: readonly Line[]; texts: readonly TextLine[]};

export function Pager({layer}: {readonly layer: PageLayer}): ReactNode {
	const screen = useScreenWith(...pageParts);
	const {onPageRows} = useScreenHost();
	const {pageRows: rows} = screen.state;
	const {dot} = screen.theme.glyphs;
	const page = pageOf(screen, layer);
	const {title, after = '', right = ''} = page;
	const body = pageBody(screen, layer, page);
	// Unless fewer than a page would follow.
	const above = Math.max(0, Math.min(layer.top, body.length - rows));
	const below = body.length - above - rows;
	const hidden = [above > 0 ? `${formatNumber(above)} above` : '', below > 0 ? `${formatNumber(below)} below` : ''];
	const note = [right, hidden.filter(part => part !== '').join('  ')].filter(part => part !== '').join(` ${dot} `);
	return (
		<>
			<Rule focus title={title} after={after} right={note} />
			<Rows
				pane="text"
				draw={size => body.slice(above, above + size.rows)}
				onSize={size => {
					onPageRows(size.rows);
				}}
			/>
		</>
	);
}

export function pageBody(screen: PageScreen, layer: PageLayer, page = pageOf(screen, layer)): readonly Line[] {
	const rows = pageRows(screen, layer, page);
	return layer.kind === 'text' ? withFound(rows, layer) : rows.map(row => row.line);
}

/** The rows of a page without the marks of a search. `of` is negative for rows that are of no text. */
export function pageRows(screen: PageScreen, layer: PageLayer, {head = [], texts} = pageOf(screen, layer)): readonly TextRow[] {
	return [
		...head.map((line, index): TextRow => ({line, of: index - head.length, part: null})),
		...textRows(screen, texts, wrappingOf(screen.state, layer)),
	];
}

export function pageOf(screen: PageScreen, layer: PageLayer): Page {
	switch (layer.kind) {
		case 'why': {
			return whyPage(screen, layer);
		}

		case 'help': {
			return {title: 'Help', after: layer.keyContext, head: helpBody(screen, layer.keyContext), texts: []};
		}

		case 'messages': {
			return {title: 'Messages', right: String(screen.state.messages.length), texts: messageTexts(screen.state)};
		}

		case 'text': {
			const {title, subject, lines, search, status} = layer;
			const found = lines[search?.at ?? -1];
			// Only its color shows the match on the screen.
			const match = found && screen.state.hasScreenReader ? `, ${lineText(found, screen.state.now)}` : '';
			return {title, after: subject, right: search ? describeSearch(search) + match : status, texts: lines};
		}
	}
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

function messageTexts({messages}: Pick<SessionState, 'messages'>): readonly TextLine[] {
	return messages.length === 0
		? [{text: 'No messages yet.', role: 'text.dim'}]
		: messages.toReversed().map(({time, text, role}) => ({
				label: clockTime(time),
				text,
				...(role !== 'plain' && {role: role === 'error' ? 'notice.error' : 'notice.warn'}),
			}));
}

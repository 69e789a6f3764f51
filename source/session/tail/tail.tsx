/** A tail: its lines, the expanded line, the path and the counters. */
import {Box} from 'ink';
import type {ReactNode} from 'react';
import {readFields, type LineField} from '../../base/lines/line-fields.ts';
import {isErrorLevel, isWarningLevel} from '../../base/lines/line-level.ts';
import {formatNumber} from '../../base/text/formats.ts';
import {sanitizeText} from '../../base/text/sanitize.ts';
import {wrapToWidth} from '../../base/text/cell-width.ts';
import {qualifyWithNamespace, worstPath, type ConnectionEntry} from '../frame/connection-list.ts';
import {spokenPath} from '../frame/path-pane.tsx';
import type {Glyphs} from '../kit/theme.ts';
import {highlightMatches} from '../kit/highlight-matches.ts';
import {pathLineSpansWithEndTime, replicaLetter} from '../kit/path-line-spans.ts';
import {Rows, Row, Rule} from '../kit/styled-text.tsx';
import {firstKey, hintedKey, useScreen, useScreenHost, useScreenWith, wholeScreen, type ScreenInput} from '../kit/screen-input.ts';
import {line, padLines, spokenLines, spread, styled, type Line, type Span} from '../kit/styled-line.ts';
import {
	describeEmptyTail,
	describeFarEnds,
	describeOlderLines,
	describeTailMode,
	describeTailScope,
	describeTailState,
	tailCounts,
} from './describe-tail.ts';
import type {TailLine} from './line-buffer.ts';
import {cellsForLines, isWrapped, logLine, shownWindow, tailRows, thumbRow, type LogLine} from './log-line.ts';
import {hasContexts, selectedContext, sourceName} from './tail-sources.ts';
import {presentSources, shownLength, type TailView} from './tail-view.ts';

export function Tail({view}: {readonly view: TailView}): ReactNode {
	const screen = useScreen(wholeScreen);
	const {onPageRows} = useScreenHost();
	const {size, connections, layers} = screen.state;
	const entry = connections.find(({id}) => id === view.id);
	const layer = layers.at(-1);
	const open = layer?.kind === 'tail' && layer.line !== null ? view.buffer.line(layer.line) : null;
	return (
		<>
			<Title view={view} entry={entry} focus={open === null} />
			{size.columns >= minColumnsForSources && isAnyNotFollowed(view) && <Row {...sourceRow(screen, view)} label="" />}
			{view.json && view.fields.length > 0 && <Row {...fieldsRow(screen, view)} label="" />}
			<Rows
				pane="tail"
				draw={({columns, rows}) => tailLines(screen, view, rows, columns)}
				minHeight={1}
				onSize={({rows}) => {
					onPageRows(rows);
				}}
				read={({columns, rows}) => spokenTail(screen, view, rows, columns)}
			/>
			{open && <ExpandedLine line={open} view={view} />}
			<Box flexDirection="column" flexShrink={0}>
				<Row {...pathRow(screen, view, entry)} />
				<Row {...countsRow(screen, view)} />
			</Box>
		</>
	);
}

/** The lines from the selected one on. Those of a followed log come too fast to be read. */
function spokenTail(screen: ScreenInput, view: TailView, rows: number, columns: number): string {
	const isRead = !view.follow || shownLength(view) === 0;
	return isRead ? spokenLines(tailLines(screen, {...view, top: view.cursor}, rows, columns)) : '';
}

const minColumnsForSources = 110;

type TitleProps = {readonly view: TailView; readonly entry: ConnectionEntry | undefined; readonly focus: boolean};

function Title({view, entry, focus}: TitleProps): ReactNode {
	const screen = useScreenWith('cluster', 'others', 'hasScreenReader');
	const {
		state: {cluster, others},
		theme: {
			glyphs: {dot},
		},
	} = screen;
	// The current context may differ from that of the tail.
	const foreign =
		entry === undefined || hasContexts(view) || (entry.context === cluster.context && others.length === 0) ? '' : `on ${entry.context}`;
	const after = (options: {isShort?: boolean} = {}) =>
		[foreign, describeTailScope(view, dot, options)].filter(part => part !== '').join(` ${dot} `);
	const isRead = screen.state.hasScreenReader;
	// A cut count would look like another one.
	const shorter = [describeTailState(view, dot), ...(view.pausedAt !== null || !view.follow ? [describeTailMode(view)] : [])];
	return (
		<Rule
			title={`Tail ${qualifyWithNamespace(view.title, entry?.namespace ?? null, cluster.namespace)}`}
			focus={focus}
			after={after()}
			right={isRead ? describeTailMode(view) : describeTailState(view, dot)}
			short={view.phase === 'following' ? describeTailState({...view, rate: null}, dot) : describeTailState(view, dot)}
			shorter={shorter.map(right => ({after: after({isShort: true}), right}))}
		/>
	);
}

const maxSources = 12;

function isAnyNotFollowed({sources}: TailView): boolean {
	return sources.length >= 2 && sources.some(({on, state}) => !on || state !== 'open');
}

const sourceGlyph = {open: 'open', ended: 'stopped', waiting: 'working', checking: 'working', interrupted: 'working'} as const;

function sourceRow({theme: {glyphs}}: ScreenInput, {sources}: TailView): Line {
	// Present containers first, because a rollout leaves many that are gone.
	const present = new Set(presentSources(sources));
	const inOrder = [...present, ...sources.filter(source => !present.has(source))];
	return line(
		' ',
		...inOrder.slice(0, maxSources).flatMap((source): Span[] => {
			const {color, on, state, node, note} = source;
			const glyph = sourceGlyph[state];
			return [
				styled(`pod.${color}` as 'pod.1', sourceName(source)),
				{text: ' '},
				on ? styled(`state.${glyph}`, glyphs[glyph]) : styled('text.dim', 'off'),
				styled('text.dim', `${node === null ? '' : ` ${node}`}${note === '' ? '' : ` ${note}`}   `),
			];
		}),
	);
}

function fieldsRow(screen: ScreenInput, {fields}: TailView): Line {
	const key = hintedKey(screen, 'tail.fields');
	return line(
		' ',
		styled('text.dim', `fields: ${fields.join(' ')}`),
		...(key === undefined ? [] : [styled('key', `   ${key}`), styled('text.dim', ' choose')]),
	);
}

function pathRow(
	{state: {processes, size, hasScreenReader}, theme: {glyphs}}: ScreenInput,
	view: TailView,
	entry: ConnectionEntry | undefined,
): Line {
	const worst = worstPath(entry?.paths.values() ?? [], selectedContext(view));
	const sources = view.sources.filter(({context}) => context === null || context === worst?.cluster.context);
	const context = sources[0]?.shortContext ?? '';
	const named = context === '' ? '' : `${context}: `;
	const farEnds = describeFarEnds({...view, sources});
	if (hasScreenReader) {
		const lead =
			worst === null || view.phase !== 'waiting' ? '' : worst.about === 'ended-connection' ? 'Not connected now. ' : 'No data now.\n';
		return {spans: [], label: `${lead}${named}${spokenPath(worst)}`};
	}

	if (worst !== null) {
		const isWaiting = view.phase === 'waiting';
		const noData = worst.about === 'ended-connection' ? 'not connected; last path ' : 'no data now:  ';
		const lead = `${isWaiting ? noData : ''}${named}`;
		const spans = pathLineSpansWithEndTime(worst, size.columns - 2 - lead.length, glyphs, replicaLetter(processes, worst), farEnds);
		// No line can arrive now, so show the path without colors. `ended 13:48:31` follows if its connection ended.
		return line(' ', styled('text.dim', lead), isWaiting ? spans.map(({text}) => styled('text.dim', text)) : spans);
	}

	return line(
		' ',
		styled(
			'tls.unknown',
			['failed', 'ended', 'waiting'].includes(view.phase)
				? 'no open connection'
				: `${glyphs.strokes.unknown} checking ${glyphs.strokes.unknown}${glyphs.arrow}  leg 2 is determined within 2 s of the first connection`,
		),
	);
}

function countsRow(screen: ScreenInput, view: TailView): Line {
	const problem = view.searchIndex?.problem ?? view.shownIndex?.problem ?? '';
	if (problem !== '') {
		return line(' ', styled('notice.error', problem));
	}

	const between = ` ${screen.theme.glyphs.dot} `;
	const all = tailCounts(view, hintedKey(screen, 'tail.previous-log'));
	const counts = screen.state.hasScreenReader ? all.filter(({grows}) => grows !== true) : all;
	return line(' ', styled('text.dim', counts.map(({text}) => text).join(between)));
}

/** Lines of the tail, with the map at the right edge. */
function tailLines(screen: ScreenInput, view: TailView, rows: number, width: number): Line[] {
	const {
		theme: {glyphs},
	} = screen;
	const lineCells = cellsForLines(view, width);
	const logLines = new Map<number, LogLine>();
	const logLineOf = (one: TailLine): LogLine => {
		const known = logLines.get(one.number) ?? (one.kind === 'text' ? logLine(view, one, glyphs) : {lead: [], text: []});
		logLines.set(one.number, known);
		return known;
	};

	const {window, isTop} = shownWindow(view, rows, one =>
		isWrapped(view, one) ? tailRows(screen, view, one, lineCells, logLineOf(one)).length : 1,
	);
	if (window.lines.length === 0) {
		return padLines(
			wrapToWidth(describeEmptyTail(screen, view), width - 2).map(words => line(' ', styled('text.dim', words))),
			rows,
		);
	}

	const out: DrawnRow[] = isTop
		? [
				{
					line: line(styled('gap', `${glyphs.rule}${glyphs.rule} ${describeOlderLines(view, hintedKey(screen, 'move.start'))} `)),
					of: null,
					isRule: true,
				},
			]
		: [];
	const cursor = view.follow ? -1 : window.lines.findIndex(({number}) => number === view.cursor);
	const texts = highlightMatches(
		view,
		window.lines.map(one => logLineOf(one).text),
		cursor,
	);
	for (const [index, one] of window.lines.entries()) {
		const drawn = tailRows(screen, view, one, lineCells, {...logLineOf(one), text: texts[index]!});
		const read = screen.state.hasScreenReader
			? [{...drawn[0]!, label: `${lineName(view, one)}: ${spokenLines(drawn.slice(0, 1))}`}]
			: drawn;
		out.push(...read.map(each => ({line: each, of: one, isRule: one.kind !== 'text' && drawn.length === 1})));
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

/** `Line 12, error, marked`: what the screen shows by colors and marks. */
function lineName({marked}: TailView, {number, level}: TailLine): string {
	const words = [
		`Line ${number + 1}`,
		isErrorLevel(level) ? 'error' : isWarningLevel(level) ? 'warning' : '',
		marked.has(number) ? 'marked' : '',
	];
	return words.filter(word => word !== '').join(', ');
}

/** `isRule`: filled up with a rule to the edge. */
type DrawnRow = {line: Line; of: TailLine | null; isRule: boolean};

function withEdge({theme: {glyphs}}: ScreenInput, view: TailView, row: DrawnRow | null, width: number, rest: string): Line {
	if (row === null) {
		return spread([], [styled('rule', rest)], width);
	}

	const fill = row.isRule ? styled('gap', glyphs.rule) : undefined;
	if (row.of === null) {
		return spread(row.line.spans, [styled('gap', glyphs.edge.gap)], width, fill, glyphs.more);
	}

	const isCursor = !view.follow && row.of.number === view.cursor;
	const spreadLine = spread(row.line.spans, [edgeGlyph(view, row.of, glyphs, rest)], width, fill, glyphs.more);
	const {label} = row.line;
	return {...spreadLine, item: row.of.number, ...(isCursor && {ground: 'selection'}), ...(label !== undefined && {label})};
}

function edgeGlyph({searchIndex}: TailView, {number, level, kind}: TailLine, {edge}: Glyphs, rest: string): Span {
	if (kind !== 'text') {
		return styled('gap', edge.gap);
	}

	if (isErrorLevel(level)) {
		return styled('level.error', edge.error);
	}

	if (searchIndex !== null && searchIndex.matches.at(searchIndex.matches.indexOf(number)) === number) {
		return styled('mark', edge.match);
	}

	return isWarningLevel(level) ? styled('level.warn', edge.warn) : styled('rule', rest);
}

/** Takes at most half of the rows, and scrolls to its selected row. */
function ExpandedLine({line: {number, source, bytes}, view}: {readonly line: TailLine; readonly view: TailView}): ReactNode {
	const screen = useScreenWith('size');
	const {columns} = screen.state.size;
	const {glyphs} = screen.theme;
	const text = bytes.toString('utf8');
	const fields = readFields(text);
	const close = firstKey(screen, 'view.back');
	const origin = view.sources[source];
	const after = [origin ? sourceName(origin) : '', fields ? 'all fields' : `${formatNumber(bytes.length)} bytes`];
	const cursor = (index: number) => (index === view.lineField ? styled('focus', glyphs.cursor) : ' ');
	const lines =
		fields === null
			? textRows(text, columns).map((row, index) => line(' ', cursor(index), row))
			: fields.map((field, index) => line(' ', cursor(index), ' ', ...fieldSpans(field, glyphs)));
	return (
		<Box flexDirection="column" flexGrow={1} flexBasis={0} maxHeight={lines.length + 1}>
			<Rule
				title={`Line ${formatNumber(number + 1)}`}
				focus
				right={close === null ? '' : `${close} close`}
				after={after.filter(part => part !== '').join(', ')}
			/>
			<Rows
				draw={({rows}) => {
					const from = Math.max(0, Math.min(view.lineField - rows + 2, lines.length - rows));
					return lines.slice(from, from + rows);
				}}
				read={({rows}) => spokenLines(lines.slice(view.lineField, view.lineField + rows))}
			/>
		</Box>
	);
}

function fieldSpans({name, value, kind}: LineField, {newLine}: Glyphs): Span[] {
	return [
		styled('json.key', `${sanitizeText(name)}: `),
		styled(
			kind === 'number' ? 'json.number' : 'json.string',
			sanitizeText(value).replaceAll('\n', () => ` ${newLine} `),
		),
	];
}

export function expandedLength({bytes}: TailLine, columns: number): number {
	const text = bytes.toString('utf8');
	return readFields(text)?.length ?? textRows(text, columns).length;
}

function textRows(text: string, columns: number): string[] {
	return wrapToWidth(sanitizeText(text), columns - 3);
}

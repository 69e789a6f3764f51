/** The connections pane: one row per open stream. */
import type {ReactNode} from 'react';
import {cellWidth, truncateToCells, fitToCells} from '../../base/text/cell-width.ts';
import type {Path} from '../../evidence/evidence.ts';
import {
	changeMarkMs,
	hasEnded,
	isRunning,
	qualifyWithNamespace,
	worstPath,
	type ConnectionEntry,
	formatRoundTrips,
	hasOverdueTime,
	overdueTimes,
} from './connection-list.ts';
import type {SessionState} from './session-state.ts';
import {abbreviatePodName} from '../../report/descriptions/parts.ts';
import {formatAge} from '../../base/text/formats.ts';
import {describeHiddenRows, MouseBox, Row, Rule, useReading} from '../kit/styled-text.tsx';
import {firstKey, useScreenWith, type ScreenWith} from '../kit/screen-input.ts';
import {spokenPath} from './path-pane.tsx';
import {connectionRows} from './layout.ts';
import {pathBadge} from '../kit/path-line-spans.ts';
import type {Glyphs} from '../kit/theme.ts';
import {line, lineWidth, styled, spread, type Line, type Span} from '../kit/styled-line.ts';

const narrowBelow = 60;
const narrowWidth = 22;

const shownParts = ['connections', 'connectionCursor', 'pane', 'cluster', 'others', 'size', 'now'] as const;
type ConnectionsScreen = ScreenWith<(typeof shownParts)[number]>;

export function Connections(): ReactNode {
	const screen = useScreenWith(...shownParts, 'zoom');
	const rows = connectionRows(screen.state);
	const reading = useReading(() => spokenConnection(screen.state));
	return rows === 0 ? null : (
		<MouseBox pane="connections" flexDirection="column" flexShrink={0} {...reading}>
			<Title />
			{connectionLines(screen, rows).map((line, index) => (
				<Row key={index} {...line} />
			))}
		</MouseBox>
	);
}

function spokenConnection({connections, connectionCursor, cluster, others}: ConnectionsScreen['state']): string {
	const entry = connections[connectionCursor];
	if (entry === undefined) {
		return 'Connections, none.';
	}

	const {kind, phase, note, paths} = entry;
	const place = others.length === 0 ? '' : ` on ${entry.context}`;
	const what = `${kind} ${qualifyWithNamespace(entry.what, entry.namespace, cluster.namespace)}${place}`;
	const path = spokenPath(worstPath(paths.values()));
	return `Connections, ${connectionCursor + 1} of ${connections.length}: ${what}, ${phase}${note === '' ? '' : `, ${note}`}.\n${path}`.trim();
}

function Title(): ReactNode {
	const screen = useScreenWith('connections', 'pane', 'size');
	const {connections, pane, size} = screen.state;
	const {glyphs} = screen.theme;
	const key = firstKey(screen, 'pane.next');
	const usersText = listenerUsersText(screen);
	const hint = key === null ? '' : `${key} ${pane === 'connections' ? 'back to the view' : 'focus this pane'}`;
	const width = size.columns - 24;
	const both = [usersText, hint].filter(part => part !== '').join(` ${glyphs.dot} `);
	const right = usersText !== '' && both.length > width ? usersText : both;
	return <Rule title={`Connections ${connections.length}`} focus={pane === 'connections'} right={right} warn={usersText !== ''} />;
}

function connectionLines(screen: ConnectionsScreen, rows: number): Line[] {
	const {connections, connectionCursor} = screen.state;
	const shownRows = connections.length > rows && rows > 1 ? rows - 1 : rows;
	const top = Math.max(0, Math.min(connectionCursor - shownRows + 1, connections.length - shownRows));
	const shown = connections.slice(top, top + shownRows);
	const lines: Line[] = shown.map((entry, index) => ({
		...entryLine(screen, entry, top + index === connectionCursor),
		item: top + index,
	}));
	if (shownRows < rows) {
		lines.push(line(' ', styled('text.dim', describeHiddenRows(top, connections.length - top - shownRows))));
	}

	return lines;
}

function entryLine(screen: ConnectionsScreen, entry: ConnectionEntry, isAt: boolean): Line {
	const {size, pane, now, cluster, others} = screen.state;
	const {glyphs} = screen.theme;
	const hasFocus = pane === 'connections' && isAt;
	const isWide = size.columns >= 100;
	const foreign =
		entry.context === cluster.context && others.length === 0 ? '' : `${isWide ? entry.context : truncateToCells(entry.context, 8)}: `;
	const path = worstPath(entry.paths.values());
	const what = qualifyWithNamespace(entry.what, entry.namespace, cluster.namespace);
	const ground = hasFocus && {ground: 'selection' as const};
	const mark = [
		hasFocus ? styled('focus', glyphs.cursor) : changeMark(entry, now, glyphs),
		styled(`state.${entry.phase}`, glyphs[entry.phase]),
		{text: ' '},
	];
	if (size.columns < narrowBelow) {
		return {...line(...mark, ...narrowRow({...entry, what}, path, {glyphs, width: size.columns - 3})), ...ground};
	}

	const width = widthForWhat(screen.state, isWide);
	const shownWhat = fitToCells(foreign + shortWhat(what, width - cellWidth(foreign), glyphs), width);
	const left = [...mark, {text: `${fitToCells(entry.kind, 8)} `}, {text: shownWhat}, {text: ' '}];
	const note = entry.note === '' ? [] : [noteSpan(entry)];
	const figures = entry.figures === '' ? [] : [{text: `  ${entry.figures}`}];
	const isOverdue = path !== null && hasOverdueTime(overdueTimes(screen.state, path));
	const rtt = isWide || isOverdue ? roundTrip(screen.state, path) : '';
	const trips = rtt === '' ? [] : [styled(isOverdue ? 'notice.warn' : 'text.dim', `  ${rtt}`)];
	const right = [styled('text.dim', ` ${formatAge(now - entry.since)} `)];
	const bodyOf = (short: boolean) => [...badge(entry, path, {glyphs, isWide, short}), ...note];
	// Shorten the route first, then drop the round-trip times, but an overdue response matters more than the figures.
	const forms = [
		[...bodyOf(false), ...figures, ...trips],
		[...bodyOf(true), ...figures, ...trips],
		[...bodyOf(true), ...(isOverdue ? trips : figures)],
	];
	const body = forms.find(spans => lineWidth([...left, ...spans, ...right]) <= size.columns) ?? forms.at(-1)!;
	return {...spread([...left, ...body], right, size.columns), ...ground};
}

function changeMark({changedAt}: ConnectionEntry, now: number, {look}: Glyphs): Span {
	return changedAt !== null && now - changedAt < changeMarkMs ? styled('notice.warn', look) : {text: ' '};
}

/** Equal for all rows, to align the badges. */
function widthForWhat({connections, cluster, others}: ConnectionsScreen['state'], isWide: boolean): number {
	if (isWide) {
		return 36;
	}

	return others.length === 0 && connections.every(({context}) => context === cluster.context) ? 22 : 27;
}

/** Empty while the note of a stream that is not open takes its place. */
function badge(
	entry: ConnectionEntry,
	path: Path | null,
	{glyphs, isWide, short}: {glyphs: Glyphs; isWide: boolean; short: boolean},
): Span[] {
	if (entry.kind === 'proxy') {
		return listenerBadge(path, glyphs, isWide);
	}

	if (entry.phase !== 'open' && (path === null || entry.note !== '')) {
		return [];
	}

	return path === null ? [checking(glyphs)] : [...wasSpans(path), ...pathBadge(path, glyphs, {short})];
}

function wasSpans(path: Path): Span[] {
	return hasEnded(path) ? [styled('text.dim', 'was ')] : [];
}

function checking({strokes}: Glyphs): Span {
	return styled('tls.unknown', `${strokes.unknown}checking`);
}

function noteSpan({phase, note}: ConnectionEntry): Span {
	return styled(phase === 'failed' ? 'state.failed' : undefined, note);
}

function roundTrip(state: ConnectionsScreen['state'], path: Path | null): string {
	return path === null ? '' : formatRoundTrips(path, overdueTimes(state, path));
}

/** The TLS state is cut last, and a note before the name. */
function narrowRow(entry: ConnectionEntry, path: Path | null, {glyphs, width}: {glyphs: Glyphs; width: number}): Span[] {
	const what = entry.kind === 'forward' ? entry.what : `${entry.kind} ${entry.what}`;
	const word = narrowWord(entry, path, glyphs);
	const left = hasNarrowNote(entry) ? narrowWidth : Math.min(narrowWidth, width - lineWidth(word) - 1);
	return [{text: `${fitToCells(shortWhat(what, left, glyphs), left)} `}, ...word];
}

function narrowWord(entry: ConnectionEntry, path: Path | null, glyphs: Glyphs): Span[] {
	if (hasNarrowNote(entry)) {
		return [noteSpan(entry)];
	}

	if (path !== null) {
		return [...wasSpans(path), ...pathBadge(path, glyphs).slice(-1)];
	}

	if (entry.kind === 'proxy') {
		return [styled('tls.unknown', 'per request')];
	}

	// Nothing is checked for a stream that has ended without a connection.
	return isRunning(entry) ? [checking(glyphs)] : [];
}

function hasNarrowNote({note, kind}: ConnectionEntry): boolean {
	return note !== '' && kind !== 'proxy';
}

/** `:8080 → web-…-64fs2:80`: cuts the middle of the pod name, never the ports. */
function shortWhat(what: string, width: number, {more}: Glyphs): string {
	if (cellWidth(what) <= width) {
		return what;
	}

	const short = abbreviatePodName(what).replace('pod/', '');
	const port = /:[\w-]+$/.exec(short)?.[0] ?? '';
	return cellWidth(short) <= width
		? short
		: `${truncateToCells(short.slice(0, short.length - port.length), Math.max(1, width - port.length), more)}${port}`;
}

/** Each request of a listener has its own path. */
function listenerBadge(path: Path | null, glyphs: Glyphs, isWide: boolean): Span[] {
	if (path === null) {
		return [styled('text.dim', 'per request')];
	}

	return isWide
		? [styled('text.dim', 'per request; last '), ...pathBadge(path, glyphs)]
		: [styled('text.dim', 'last '), ...pathBadge(path, glyphs).slice(-1)];
}

export function listenerUsersText({state: {connections}}: {state: Pick<SessionState, 'connections'>}): string {
	return connections.flatMap(entry => (entry.listenerUsers !== null && isRunning(entry) ? [entry.listenerUsers] : [])).join(' · ');
}

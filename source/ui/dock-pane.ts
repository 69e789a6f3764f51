/** The connections that are open, one a row: state by sign and word, the path as a badge, what it carries. */
import {cellWidth, clipToCells, fitToCells} from '../text/cell-width.ts';
import type {Path} from '../posture/evidence.ts';
import {worstPath, type DockEntry} from '../state/connections.ts';
import {markedMs} from '../state/dock-news.ts';
import {inNamespace} from '../state/in-namespace.ts';
import {shortPodName} from '../state/short-pod-name.ts';
import {showAge} from '../text/show-age.ts';
import {pathBadge} from './path-words.ts';
import {firstKey, type Screen} from './screen.ts';
import type {Glyphs} from './glyphs.ts';
import {line, lineWidth, of, spread, type Line, type Span} from './styled-line.ts';

/** Below this many columns a row is a name and a word. */
const narrowBelow = 60;
const narrowRoom = 22;

const signs = {open: 'open', working: 'working', stopped: 'stopped', failed: 'failed'} as const;

export function dockPane(screen: Screen, rows: number): Line[] {
	const {state: {dock, dockAt}} = screen;
	if (dock.length === 0) {
		return emptyDock(screen, rows);
	}

	const top = Math.max(0, Math.min(dockAt - rows + 1, dock.length - rows));
	const shown = dock.slice(top, top + rows);
	const lines = shown.map((entry, index) => entryLine(screen, entry, top + index === dockAt));
	if (dock.length > top + rows && lines.length > 0) {
		lines[lines.length - 1] = line(' ', of('text.dim', `${dock.length - top - rows + 1} more`));
	}

	return [...lines, ...Array.from({length: Math.max(0, rows - lines.length)}, () => line(''))];
}

function entryLine(screen: Screen, entry: DockEntry, isAt: boolean): Line {
	const {state: {size, pane, now, cluster, dock, isStill}, theme: {glyphs}} = screen;
	const hasFocus = pane === 'connections' && isAt;
	const isWide = size.columns >= 100;
	const foreign = entry.context === cluster.context ? '' : `${isWide ? entry.context : clipToCells(entry.context, 8)}: `;
	const path = worstPath(entry.paths.values());
	const mark = [hasFocus ? of('focus', glyphs.cursor) : entry.markedAt !== null && now - entry.markedAt < markedMs ? of('notice.warn', glyphs.look) : {text: ' '}, of(`state.${entry.phase}`, glyphs[signs[entry.phase]]), {text: ' '}];
	if (size.columns < narrowBelow) {
		return {...line(...mark, ...narrowRow({...entry, what: inNamespace(entry.what, entry.namespace, cluster.namespace)}, path, glyphs)), ...hasFocus && {ground: 'selection' as const}};
	}

	// One width for all: the badges stand under each other.
	const room = isWide ? 36 : dock.every(({context}) => context === cluster.context) ? 22 : 27;
	const left = [...mark, {text: `${fitToCells(entry.kind, 8)} `}, {text: fitToCells(foreign + shortWhat(inNamespace(entry.what, entry.namespace, cluster.namespace), room - cellWidth(foreign), glyphs), room)}, {text: ' '}];
	// It was of a connection that ended, and no other is open.
	const was = path?.about === 'ended-connection' ? [of('text.dim', 'was ')] : [];
	const badgeOf = (short: boolean) => entry.kind === 'proxy'
		? listenerBadge(path, glyphs, isWide)
		: entry.phase === 'open' || (path !== null && entry.note === '') ? path === null ? [of('tls.unknown', `${glyphs.strokes.unknown}checking`)] : [...was, ...pathBadge(path, glyphs, {short})] : [];
	const note = entry.note === '' ? [] : [of(entry.phase === 'failed' ? 'state.failed' : undefined, entry.note)];
	const rtt = path === undefined || path === null || path.rttMs.websocket === null ? (entry.kind === 'logs' && isWide ? 'no ping in logs' : '') : `rtt ${was.length > 0 ? 'was ' : ''}${round(path.rttMs.websocket)}${path.rttMs.runtime === null ? '' : `/${round(path.rttMs.runtime)}`} ms`;
	const spark = isWide && !isStill && entry.samples.length > 1 ? ` ${sparkline(entry.samples.slice(-12), glyphs.spark)}` : '';
	const figures = entry.figures === '' ? [] : [{text: `  ${entry.figures}${spark}`}];
	const rest = [...note, ...figures];
	const trips = isWide && rtt !== '' ? [of('text.dim', `  ${rtt}`)] : [];
	const right = [of('text.dim', ` ${showAge(now - entry.since)} `)];
	// A route has a short word; what is carried has none, and half a round trip is none.
	const forms = [[...badgeOf(false), ...rest, ...trips], [...badgeOf(true), ...rest, ...trips], [...badgeOf(true), ...rest]];
	const body = forms.find(spans => lineWidth([...left, ...spans, ...right]) <= size.columns) ?? forms.at(-1)!;
	return {...spread([...left, ...body], right, size.columns), ...hasFocus && {ground: 'selection' as const}};
}

/** `logs api-…-95fgt      ━unverified`: the word about TLS is the last to go. */
function narrowRow(entry: DockEntry, path: Path | null, glyphs: Glyphs): Span[] {
	const what = fitToCells(shortWhat(entry.kind === 'forward' ? entry.what : `${entry.kind} ${entry.what}`, narrowRoom, glyphs), narrowRoom);
	const said = entry.note !== '' && entry.kind !== 'proxy'
		? [of(entry.phase === 'failed' ? 'state.failed' : undefined, entry.note)]
		: path === null ? [of('tls.unknown', entry.kind === 'proxy' ? 'by request' : `${glyphs.strokes.unknown}checking`)] : pathBadge(path, glyphs).slice(-1);
	return [{text: `${what} `}, ...said];
}

/** `:8080 → web-…-64fs2:80`: what gives way is the middle of the pod's name, never the ports. */
function shortWhat(what: string, room: number, {more}: Glyphs): string {
	if (cellWidth(what) <= room) {
		return what;
	}

	const short = shortPodName(what).replace('pod/', '');
	const port = /:[\w-]+$/.exec(short)?.[0] ?? '';
	return cellWidth(short) <= room ? short : `${clipToCells(short.slice(0, short.length - port.length), Math.max(1, room - port.length), more)}${port}`;
}

/** Each request of a listener goes its own way. */
function listenerBadge(path: Path | null, glyphs: Glyphs, isWide: boolean): Span[] {
	return [of('text.dim', path === null ? 'by request' : isWide ? 'by request; last proxied ' : 'proxied '), ...path === null ? [] : pathBadge(path, glyphs).slice(isWide ? 0 : -1)];
}

/** What listens here for others than the person: the words last as long as it does. */
export function usableWords({state: {dock}}: Pick<Screen, 'state'>): string {
	return dock.flatMap(({usable, phase}) => usable !== null && phase !== 'stopped' && phase !== 'failed' ? [usable] : []).join(' · ');
}

function emptyDock(screen: Screen, rows: number): Line[] {
	const {theme: {glyphs}} = screen;
	const key = (action: string) => firstKey(screen, action);
	const first = [['logs', key('pods.logs')], ['a shell', key('pods.shell')], ['a forward', key('pods.forward')]].flatMap(([word, at]) => at === null ? [] : [`${at} ${word}`]);
	const lines = [
		line(' ', of('text.dim', `None open.${first.length > 0 ? ` ${first.join(', ')}.` : ''} Each shows here which way it goes,`)),
		line(' ', of('text.dim', `if TLS is verified, and how that is known: ${glyphs.strokes.proven} proven ${glyphs.strokes.inferred} inferred ${glyphs.strokes.unknown} unknown`)),
	];
	return [...lines, ...Array.from({length: Math.max(0, rows - 2)}, () => line(''))].slice(0, rows);
}

function sparkline(samples: readonly number[], signs: readonly string[]): string {
	const most = Math.max(1, ...samples);
	return samples.map(sample => signs[Math.min(signs.length - 1, Math.floor((sample / most) * (signs.length - 1)))]!).join('');
}

function round(ms: number): string {
	return ms < 10 ? ms.toFixed(1).replace(/\.0$/, '') : String(Math.round(ms));
}

/** The connection list: every stream of the session, newest first, with path, name, round-trip times, and changes for the worse. */
import type {ErrorObject} from '../../base/errors/spoke-error.ts';
import type {Leg, Path, TlsState} from '../../evidence/evidence.ts';
import {formatQuantity, formatDuration} from '../../base/text/formats.ts';
import type {ClusterState, Message, SessionState} from './session-state.ts';

type ConnectionKind = 'logs' | 'forward' | 'proxy' | 'shell' | 'attach' | 'copy';
export type ConnectionPhase = 'open' | 'working' | 'stopped' | 'failed';

export type ConnectionEntry = {
	id: string;
	kind: ConnectionKind;
	what: string;
	context: string;
	/** `null` for none or all. */
	namespace: string | null;
	phase: ConnectionPhase;
	note: string;
	figures: string;
	since: number;
	error: ErrorObject | null;
	/** Who else can use the listener, as a clause; `null` without a listener, and for a forward on loopback. */
	listenerUsers: string | null;
	/** The path of each connection, by connection id; `null` until its first label. */
	paths: ReadonlyMap<string, Path | null>;
	/** Connections with overdue ping responses, by connection id. */
	overduePings: ReadonlyMap<string, OverduePings>;
	/** True when it was open, failed, and has not recovered. */
	isLost: boolean;
	changedAt: number | null;
	/** When it was first seen as stopped. */
	endedAt: number | null;
};

/** Start of each overdue wait, by the screen clock. */
export type OverduePings = {websocket: number | null; runtime: number | null};

export type ConnectionListEvent =
	| {type: 'open'; entry: Pick<ConnectionEntry, 'id' | 'kind' | 'what' | 'context' | 'since'> & Partial<ConnectionEntry>}
	| {type: 'change'; id: string; to: Partial<ConnectionEntry>}
	| {type: 'connected'; id: string; connection: string}
	| {type: 'disconnected'; id: string; connection: string}
	| {type: 'overdue-pings'; connection: string; to: Partial<OverduePings>}
	| {type: 'label'; connection: string; path: Path}
	| {type: 'close'; id: string};

export type ConnectionList = readonly ConnectionEntry[];

export const changeMarkMs = 10_000;

/** Milliseconds that each response is overdue. */
export type OverdueTimes = {websocket: number | null; runtime: number | null};

export const noOverdueTimes: OverdueTimes = {websocket: null, runtime: null};

/** No response is overdue sooner; the screen clock lags under reduced motion. @see PongTracker */
const minOverdueMs = 5000;

export function reduceConnectionList(connections: ConnectionList, event: ConnectionListEvent): ConnectionList {
	const reduce = reducers[event.type] as (connections: ConnectionList, event: ConnectionListEvent) => ConnectionList;
	return reduce(connections, event);
}

type Reducer<Type> = (connections: ConnectionList, event: Extract<ConnectionListEvent, {type: Type}>) => ConnectionList;

const reducers: {readonly [Type in ConnectionListEvent['type']]: Reducer<Type>} = {
	open(connections, event) {
		const entry: ConnectionEntry = {
			namespace: null,
			phase: 'working',
			note: 'connecting',
			figures: '',
			error: null,
			listenerUsers: null,
			paths: new Map(),
			overduePings: new Map(),
			isLost: false,
			changedAt: null,
			endedAt: null,
			...event.entry,
		};
		return connections.some(one => one.id === entry.id) ? change(connections, entry.id, () => entry) : [entry, ...connections];
	},
	change: (connections, event) => change(connections, event.id, entry => ({...entry, ...event.to})),
	connected: (connections, event) =>
		change(connections, event.id, entry => ({
			...entry,
			paths: new Map([...entry.paths, [event.connection, entry.paths.get(event.connection) ?? null]]),
		})),
	disconnected: (connections, event) =>
		change(connections, event.id, entry => ({
			...entry,
			paths: withoutConnection(entry.paths, event.connection),
			overduePings: new Map([...entry.overduePings].filter(([id]) => id !== event.connection)),
		})),
	'overdue-pings': (connections, event) =>
		connections.some(entry => changesOverduePings(entry, event))
			? connections.map(entry =>
					changesOverduePings(entry, event) ? {...entry, overduePings: withOverduePings(entry.overduePings, event)} : entry,
				)
			: connections,
	label: (connections, event) =>
		connections.some(entry => entry.paths.has(event.connection))
			? connections.map(entry =>
					entry.paths.has(event.connection)
						? {...entry, paths: withoutEndedPaths(new Map([...entry.paths, [event.connection, event.path]]), event)}
						: entry,
				)
			: connections,
	close: (connections, event) => connections.filter(entry => entry.id !== event.id),
};

function change(connections: ConnectionList, id: string, to: (entry: ConnectionEntry) => ConnectionEntry): ConnectionList {
	const at = connections.findIndex(entry => entry.id === id);
	return at < 0 ? connections : connections.with(at, to(connections[at]!));
}

/** An ended stream is listed for so long. Failed ones stay until the user closes them. */
const endedMs = 30_000;

/** Drops streams that ended some time ago, except those of `kept`. */
export function withoutEnded(connections: ConnectionList, now: number, kept: ReadonlySet<string>): ConnectionList {
	const isNew = ({phase, endedAt}: ConnectionEntry) => (phase === 'stopped') !== (endedAt !== null);
	const isOver = ({id, endedAt}: ConnectionEntry) => endedAt !== null && now - endedAt >= endedMs && !kept.has(id);
	return connections.some(entry => isNew(entry) || isOver(entry))
		? connections
				.map(entry => (isNew(entry) ? {...entry, endedAt: entry.phase === 'stopped' ? now : null} : entry))
				.filter(entry => !isOver(entry))
		: connections;
}

const noOverduePings: OverduePings = {websocket: null, runtime: null};

/** Most responses change nothing, because none was overdue. */
function changesOverduePings(
	{paths, overduePings}: ConnectionEntry,
	{connection, to}: {connection: string; to: Partial<OverduePings>},
): boolean {
	const now = overduePings.get(connection) ?? noOverduePings;
	return paths.has(connection) && (['websocket', 'runtime'] as const).some(end => to[end] !== undefined && to[end] !== now[end]);
}

function withOverduePings(
	overduePings: ConnectionEntry['overduePings'],
	{connection, to}: {connection: string; to: Partial<OverduePings>},
): ConnectionEntry['overduePings'] {
	return new Map([...overduePings, [connection, {...noOverduePings, ...overduePings.get(connection), ...to}]]);
}

function overduePingsOf(connections: ConnectionList, path: Path): OverduePings {
	for (const {paths, overduePings} of connections) {
		for (const [connection, one] of paths) {
			if (one === path) {
				return overduePings.get(connection) ?? noOverduePings;
			}
		}
	}

	return noOverduePings;
}

/** Drops ended connections once another path is known. Until then the last known path stays. */
function withoutEndedPaths(
	paths: ReadonlyMap<string, Path | null>,
	latest: {connection: string; path: Path},
): ReadonlyMap<string, Path | null> {
	const isOpenKnown = [...paths.values()].some(path => !hasEnded(path) && isKnown(path));
	const keptId = hasEnded(latest.path) && isKnown(latest.path) && !isOpenKnown ? latest.connection : null;
	return isOpenKnown || keptId !== null ? new Map([...paths].filter(([id, path]) => !hasEnded(path) || id === keptId)) : paths;
}

/** The last known path stays, so that a reconnecting stream still shows one. */
function withoutConnection(paths: ReadonlyMap<string, Path | null>, connection: string): ReadonlyMap<string, Path | null> {
	const rest = [...paths].filter(([id]) => id !== connection);
	const isLast = rest.length === 0 || (isKnown(paths.get(connection) ?? null) && rest.every(([, path]) => !isKnown(path)));
	return isLast ? paths : new Map(rest);
}

function isKnown(path: Path | null): boolean {
	return path !== null && path.phase !== 'checking';
}

export function hasEnded(path: Path | null): boolean {
	return path?.about === 'ended-connection';
}

/** A line that several streams share shows the worst state. */
const tlsWorstFirst: readonly TlsState[] = ['refused', 'plain', 'unverified', 'unknown', 'enforced', 'verified'];

/** The worst path of a row, `null` without that row. */
export function pathOfEntry(connections: ConnectionList, id: string | undefined): Path | null {
	return worstPath(connections.find(entry => entry.id === id)?.paths.values() ?? []);
}

/** The worst TLS state, then the weakest basis, in the context if one is given. Ended connections count only if there is no other. */
export function worstPath(paths: Iterable<Path | null>, context: string | null = null): Path | null {
	const all = [...paths].filter(path => context === null || path?.cluster.context === context);
	const open = all.filter(path => !hasEnded(path));
	const known = all.filter(path => isKnown(path));
	let worst: Path | null = null;
	for (const path of [open, known].find(some => some.length > 0) ?? all) {
		if (path !== null && (worst === null || rank(path) < rank(worst))) {
			worst = path;
		}
	}

	return worst;
}

function rank(path: Path): number {
	return Math.min(...path.legs.map(({tls}: Leg) => tlsWorstFirst.indexOf(tls.state) + (tls.basis === 'proven' ? 0.5 : 0)));
}

export function isRunning({phase}: {phase: ConnectionPhase}): boolean {
	return phase === 'open' || phase === 'working';
}

/** `null` if leaving would disconnect nothing. A tail loses nothing and is counted only on request. */
export function describeOpenConnections(connections: ConnectionList, {tails = false}: {tails?: boolean} = {}): string | null {
	const open = connections.filter(entry => isRunning(entry) && (tails || entry.kind !== 'logs'));
	const names: ReadonlyArray<[kind: ConnectionKind, one: string, many?: string]> = [
		['logs', 'tail'],
		['forward', 'forward'],
		['proxy', 'local API proxy', 'local API proxies'],
		['shell', 'shell'],
		['attach', 'attach', 'attaches'],
		['copy', 'copy', 'copies'],
	];
	const parts = names.flatMap(([kind, one, many]) => {
		const count = open.filter(entry => entry.kind === kind).length;
		return count === 0 ? [] : [formatQuantity(count, one, many)];
	});
	return parts.length === 0 ? null : parts.join(', ').replace(/, (?=[^,]*$)/, ' and ');
}

export function connectionChanges(
	before: ConnectionList,
	after: ConnectionList,
	now: number,
	onScreen: Pick<ClusterState, 'context' | 'namespace'>,
): {connections: ConnectionList; messages: readonly Message[]} {
	const messages: Message[] = [];
	const connections = after.map(entry => {
		const old = before.find(({id}) => id === entry.id);
		const change = old && old !== entry ? changeOf(old, entry) : null;
		if (!change) {
			return entry;
		}

		messages.push({
			time: now,
			text: `${entry.kind} ${qualifyWithContext(entry, onScreen)}: ${change.text}`,
			role: change.isBad ? 'warn' : 'plain',
			hint: '',
		});
		return {...entry, isLost: change.isLost, changedAt: change.isBad ? now : entry.changedAt};
	});
	return messages.length > 0 ? {connections, messages} : {connections: after, messages};
}

function changeOf(old: ConnectionEntry, entry: ConnectionEntry): {text: string; isBad: boolean; isLost: boolean} | null {
	if (old.phase === 'open' && (entry.phase === 'working' || entry.phase === 'failed') && entry.note !== '') {
		return {text: entry.note, isBad: true, isLost: true};
	}

	if (old.phase !== 'open' && entry.phase === 'open' && old.isLost) {
		return {text: 'reconnected', isBad: false, isLost: false};
	}

	const contexts = new Set(entry.paths.values().flatMap(path => (path === null ? [] : [path.cluster.context])));
	for (const context of contexts) {
		const [was, is] = [worstTls(old, context), worstTls(entry, context)];
		if (was !== undefined && is !== undefined && tlsWorstFirst.indexOf(is) < tlsWorstFirst.indexOf(was)) {
			const place = contexts.size > 1 ? ` on ${context}` : '';
			return {text: `${is} now, was ${was}${place}`, isBad: true, isLost: entry.isLost};
		}
	}

	return null;
}

/** Of one cluster. An unsettled label is no verdict, and an unknown state is no change for the worse. */
function worstTls({paths}: ConnectionEntry, context: string | null): TlsState | undefined {
	const state = worstPath(
		paths.values().filter(path => path?.phase !== 'checking'),
		context,
	)?.legs[1]?.tls.state;
	return state === 'unknown' ? undefined : state;
}

/** `:8080 → pod/web:80` as `:8080 → demo/pod/web:80`; `own` is `null` for no namespace or all. */
export function qualifyWithNamespace(what: string, own: string | null, onScreen: string | null): string {
	if (own === null || own === onScreen) {
		return what;
	}

	// A selector or a count has no name to prefix.
	if (/^(?:-|\d+ targets)/.test(what)) {
		return `${what} in ${own}`;
	}

	const at = what.indexOf('→ ');
	return at < 0 ? `${own}/${what}` : `${what.slice(0, at + 2)}${own}/${what.slice(at + 2)}`;
}

/** `pod/web` as `demo/pod/web on prod`. */
export function qualifyWithContext(
	{what, namespace, context}: {what: string; namespace: string | null; context: string},
	onScreen: {namespace: string | null; context: string},
): string {
	const place = context === onScreen.context ? '' : ` on ${context}`;
	return `${qualifyWithNamespace(what, namespace, onScreen.namespace)}${place}`;
}

export function overdueTimes({connections, now}: Pick<SessionState, 'connections' | 'now'>, path: Path): OverdueTimes {
	const {websocket, runtime} = overduePingsOf(connections, path);
	const since = (at: number | null) => (at === null ? null : Math.max(minOverdueMs, now - at));
	return path.about === 'ended-connection' ? noOverdueTimes : {websocket: since(websocket), runtime: since(runtime)};
}

export function hasOverdueTime({websocket, runtime}: OverdueTimes): boolean {
	return websocket !== null || runtime !== null;
}

/** `4.0 ms to the end of the WebSocket · 11.0 ms to the runtime`; `was` if nothing is open, `no response for 8 s` if overdue. */
export function describeRoundTrips({about, rttMs}: Path, overdue: OverdueTimes = noOverdueTimes): string {
	if (isEveryEndOverdue(rttMs, overdue)) {
		return describeNoResponse(overdue);
	}

	const one = (ms: number | null, overdueMs: number | null, end: string) =>
		ms === null && overdueMs === null ? [] : [`${overdueMs === null ? milliseconds(ms!) : `over ${seconds(overdueMs)}`} to ${end}`];
	const words = [
		...one(rttMs.websocket, overdue.websocket, 'the end of the WebSocket'),
		...one(rttMs.runtime, overdue.runtime, 'the runtime'),
	].join(' · ');
	return words !== '' && about === 'ended-connection' ? `was ${words}` : words;
}

/** `rtt 1.6/9 ms`, `rtt was 1.6/9 ms`, `rtt 1.6 ms/over 8 s`; empty if the WebSocket end was not measured. */
export function formatRoundTrips({about, rttMs}: Path, overdue: OverdueTimes = noOverdueTimes): string {
	if (isEveryEndOverdue(rttMs, overdue)) {
		return describeNoResponse(overdue);
	}

	const {websocket, runtime} = rttMs;
	if (websocket === null) {
		return '';
	}

	if (!hasOverdueTime(overdue)) {
		return `rtt ${about === 'ended-connection' ? 'was ' : ''}${round(websocket)}${runtime === null ? '' : `/${round(runtime)}`} ms`;
	}

	const one = (ms: number, overdueMs: number | null) => (overdueMs === null ? `${round(ms)} ms` : `over ${seconds(overdueMs)}`);
	return `rtt ${one(websocket, overdue.websocket)}/${one(runtime ?? 0, overdue.runtime)}`;
}

/** Whether every measured end is overdue. */
function isEveryEndOverdue(rttMs: Path['rttMs'], overdue: OverdueTimes): boolean {
	const ends = (['websocket', 'runtime'] as const).filter(end => rttMs[end] !== null || overdue[end] !== null);
	return ends.length > 0 && ends.every(end => overdue[end] !== null);
}

/** Since the last response of any end. */
function describeNoResponse(overdue: OverdueTimes): string {
	return `no response for ${seconds(Math.min(...Object.values(overdue).filter(ms => ms !== null)))}`;
}

/** Long ones have been overdue. */
function milliseconds(ms: number): string {
	return ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function seconds(ms: number): string {
	return ms < 10_000 ? `${Math.floor(ms / 1000)} s` : formatDuration(ms);
}

function round(ms: number): string {
	return ms < 10 ? ms.toFixed(1).replace(/\.0$/, '') : String(Math.round(ms));
}

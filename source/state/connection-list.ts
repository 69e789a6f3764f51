/** The dock: every stream that the session has, what it carries, and by which path. Pure. */
import type {ErrorObject} from '../errors/spoke-error.ts';
import type {Leg, Path, TlsState} from '../evidence/evidence.ts';
import {formatQuantity} from '../text/format-number.ts';

export type ConnectionKind = 'logs' | 'forward' | 'proxy' | 'shell' | 'attach';
export type ConnectionPhase = 'open' | 'working' | 'stopped' | 'failed';

export type ConnectionEntry = {
	/** `tail-1`, `f1`… */
	id: string;
	kind: ConnectionKind;
	/** `deploy/api, 3 pods`, `:8080 → svc/web:80`. */
	what: string;
	context: string;
	/** `null` where it is of none, or of all. */
	namespace: string | null;
	phase: ConnectionPhase;
	/** In place of path and figures while it is not open. */
	note: string;
	/** `214 lines/s`, `3 open · 41 MB`. */
	figures: string;
	/** Samples of what it carries, oldest first. */
	samples: readonly number[];
	since: number;
	error: ErrorObject | null;
	/** Who else can use it, where it listens: told as long as it does. */
	usable: string | null;
	/** Its connections to the apiserver, by id, and their labels. */
	paths: ReadonlyMap<string, Path | null>;
	/** Of those whose pings are unanswered for longer than it takes: since when, by the clock of the screen. */
	waits: ReadonlyMap<string, PendingPings>;
	/** It was open, broke, and is not back. */
	isLost: boolean;
	/** When something became worse; `null` for never. */
	markedAt: number | null;
};

/** Since when an answer of either is waited for; `null` where it is not. */
export type PendingPings = {websocket: number | null; runtime: number | null};

export type ConnectionListEvent =
	| {type: 'open'; entry: Pick<ConnectionEntry, 'id' | 'kind' | 'what' | 'context' | 'since'> & Partial<ConnectionEntry>}
	| {type: 'change'; id: string; to: Partial<ConnectionEntry>}
	| {type: 'connected'; id: string; connection: string}
	| {type: 'disconnected'; id: string; connection: string}
	| {type: 'waits'; connection: string; waits: Partial<PendingPings>}
	| {type: 'label'; connection: string; path: Path}
	| {type: 'close'; id: string};

export type ConnectionList = readonly ConnectionEntry[];

/** The very same dock for a label of a connection that no row has. */
export function reduceConnectionList(dock: ConnectionList, event: ConnectionListEvent): ConnectionList {
	const change = (id: string, to: (entry: ConnectionEntry) => ConnectionEntry) => dock.map(entry => (entry.id === id ? to(entry) : entry));
	switch (event.type) {
		case 'open': {
			const entry: ConnectionEntry = {
				namespace: null,
				phase: 'working',
				note: 'connecting',
				figures: '',
				samples: [],
				error: null,
				usable: null,
				paths: new Map(),
				waits: new Map(),
				isLost: false,
				markedAt: null,
				...event.entry,
			};
			return dock.some(one => one.id === entry.id) ? change(entry.id, () => entry) : [...dock, entry];
		}

		case 'change': {
			return change(event.id, entry => ({...entry, ...event.to}));
		}

		case 'connected': {
			return change(event.id, entry => ({
				...entry,
				paths: new Map([...entry.paths, [event.connection, entry.paths.get(event.connection) ?? null]]),
			}));
		}

		case 'disconnected': {
			return change(event.id, entry => ({
				...entry,
				paths: withoutOne(entry.paths, event.connection),
				waits: new Map([...entry.waits].filter(([id]) => id !== event.connection)),
			}));
		}

		case 'waits': {
			return dock.some(entry => changesWaits(entry, event))
				? dock.map(entry => (changesWaits(entry, event) ? {...entry, waits: withWaits(entry.waits, event)} : entry))
				: dock;
		}

		case 'label': {
			return dock.some(entry => entry.paths.has(event.connection))
				? dock.map(entry =>
						entry.paths.has(event.connection)
							? {...entry, paths: living(new Map([...entry.paths, [event.connection, event.path]]), event)}
							: entry,
					)
				: dock;
		}

		case 'close': {
			return dock.filter(entry => entry.id !== event.id);
		}
	}
}

const noWaits: PendingPings = {websocket: null, runtime: null};

/** Answers come all the time, and change nothing where none was missed. */
function changesWaits(
	{paths, waits}: ConnectionEntry,
	{connection, waits: to}: {connection: string; waits: Partial<PendingPings>},
): boolean {
	const now = waits.get(connection) ?? noWaits;
	return paths.has(connection) && (['websocket', 'runtime'] as const).some(end => to[end] !== undefined && to[end] !== now[end]);
}

function withWaits(
	waits: ConnectionEntry['waits'],
	{connection, waits: to}: {connection: string; waits: Partial<PendingPings>},
): ConnectionEntry['waits'] {
	return new Map([...waits, [connection, {...noWaits, ...waits.get(connection), ...to}]]);
}

/** What is waited for on the very connection that a path is of. */
export function pendingPingsOf(dock: ConnectionList, path: Path): PendingPings {
	for (const {paths, waits} of dock) {
		for (const [connection, one] of paths) {
			if (one === path) {
				return waits.get(connection) ?? noWaits;
			}
		}
	}

	return noWaits;
}

/** What ended is let go as soon as another one is known, open or ended: that one may end before it says anything, and then what is known is of before. */
function living(paths: ReadonlyMap<string, Path | null>, latest: {connection: string; path: Path}): ReadonlyMap<string, Path | null> {
	const isOpenKnown = [...paths.values()].some(path => !hasEnded(path) && isKnown(path));
	const lasts = hasEnded(latest.path) && isKnown(latest.path) && !isOpenKnown ? latest.connection : null;
	return isOpenKnown || lasts !== null ? new Map([...paths].filter(([id, path]) => !hasEnded(path) || id === lasts)) : paths;
}

/** The last one known stays: a stream that is about to come back still says how it went. */
function withoutOne(paths: ReadonlyMap<string, Path | null>, connection: string): ReadonlyMap<string, Path | null> {
	const rest = [...paths].filter(([id]) => id !== connection);
	const isLast = rest.length === 0 || (isKnown(paths.get(connection) ?? null) && rest.every(([, path]) => !isKnown(path)));
	return isLast ? paths : new Map(rest);
}

/** It says something of leg 2, or why there is nothing to say. */
function isKnown(path: Path | null): boolean {
	return path !== null && path.phase !== 'checking';
}

function hasEnded(path: Path | null): boolean {
	return path?.about === 'ended-connection';
}

/** From bad to good: where several streams share a line, it shows the worst. */
export const tlsWorstFirst: readonly TlsState[] = ['refused', 'plain', 'unverified', 'unknown', 'verified'];

/** The path that says the least good of a TLS leg, and of those the one that is known least surely; `null` where none is known. Of several connections of one thing it is the one to be shown: what ended only where none else is there. */
export function worstPath(paths: Iterable<Path | null>): Path | null {
	const all = [...paths];
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

/** How many would be lost by leaving, as the question names them; `null` when leaving loses nothing. Tails lose nothing, and are counted only on request. */
export function describeOpenConnections(dock: ConnectionList, {tails = false}: {tails?: boolean} = {}): string | null {
	const open = dock.filter(({phase, kind}) => (phase === 'open' || phase === 'working') && (tails || kind !== 'logs'));
	const names: ReadonlyArray<[kind: ConnectionKind, one: string, many?: string]> = [
		['logs', 'tail'],
		['forward', 'forward'],
		['proxy', 'listener'],
		['shell', 'shell'],
		['attach', 'attach', 'attaches'],
	];
	const parts = names.flatMap(([kind, one, many]) => {
		const count = open.filter(entry => entry.kind === kind).length;
		return count === 0 ? [] : [formatQuantity(count, one, many)];
	});
	return parts.length === 0 ? null : parts.join(', ').replace(/, (?=[^,]*$)/, ' and ');
}

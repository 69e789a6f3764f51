/** Labels every connection of one cluster while it is open: leg 1 at once, leg 2 as soon as it is read, and never an old label for a new connection. */
import type {ClusterAccess} from '../cluster/cluster-access.ts';
import type {Connection} from '../cluster/connection.ts';
import type {SpokeError} from '../errors/spoke-error.ts';
import type {ConnectionPurpose} from '../sessions/connection-witness.ts';
import {BackgroundCounters} from './background-counters.ts';
import {nothingRead, readBeforeUse, readOnFreshConnection, type ConnectionReadings} from './connection-readings.ts';
import type {Closed, Path} from './evidence.ts';
import {knownProcesses} from './known-processes.ts';
import {labelOf, type WatchedConnection} from './label-of.ts';
import type {Labeller, LabellerOptions, MakeLabeller} from './label.ts';
import {needFlagz} from './rules/needs.ts';
import {nothingShared, readShared, type SharedReadings} from './shared-readings.ts';

/** A stream waits no longer than this for what is read on its connection. */
const beforeUseLimitMs = 300;

/** Flags that may not be read, are not served or do not come are not asked for again before this has passed: the next connection may end at an apiserver that serves them. */
const closedForMs = 10_000;

/** What was read beside connections is not used for a connection that is opened later than this: an apiserver of which none of ours ended may be another since. */
const sharedForMs = 10_000;

/** How long a reading may take that no stream waits for. */
const lateLimitMs = 2000;

/** What is read beside the connections is read at most so often. */
const betweenReadsMs = 1000;

/** The stream's first bytes are printed before anything is read beside it. */
const afterOpeningMs = 20;

/** A stream that is open for so long is worth the apiserver's counters, where nothing else tells its route. */
const lastsMs = 1000;

/** A label settles within this, measured from its stream's opening: that long are counters waited for, and the far end where its word would tell. */
const settleWithinMs = 1800;

/** @see Labeller */
export const makeLabeller: MakeLabeller = (cluster, options = {}) => new ConnectionLabeller(cluster, options);

const noAnswer: Closed = {source: 'flagz', where: 'GET /flagz', because: 'no-answer', need: needFlagz};

class ConnectionLabeller implements Labeller {
	readonly labels = new Map<string, Path>();
	readonly witness = {
		connected: (connection: Connection) => {
			void this.#readOn(connection);
		},
		beforeUse: async (connection: Connection, purpose: ConnectionPurpose) => this.#beforeUse(connection, purpose),
		opened: (connection: Connection, purpose: ConnectionPurpose, about: {carrier: 'http' | 'websocket' | 'spdy'; mayBeApiservers?: boolean}) => {
			this.#opened(connection, purpose, about);
		},
		answered: (connection: Connection) => {
			this.#change(connection, {answered: true});
		},
		roundTrip: (connection: Connection, {websocket, runtime}: {websocket?: number; runtime?: number}) => {
			this.#roundTrip(connection, websocket, runtime);
		},
		failed: (connection: Connection | null, purpose: ConnectionPurpose, error: SpokeError) => {
			this.#failed(connection, purpose, error);
		},
		closed: (connection: Connection) => {
			this.#closed(connection);
		},
	};

	readonly #cluster: ClusterAccess;
	readonly #counters: BackgroundCounters;
	readonly #isAwaited: boolean;
	readonly #endNews: () => void;
	readonly #watched = new Map<string, WatchedConnection>();
	readonly #readAhead = new WeakMap<Connection, Promise<ConnectionReadings>>();
	readonly #listeners = new Set<(connectionId: string, path: Path) => void>();
	#shared: Promise<SharedReadings> | undefined;
	#late: Promise<ConnectionReadings | null> | undefined;
	#sharedUntil = 0;
	#lateUntil = 0;
	#nextReadAt = 0;
	/** `silent`: not one word came in time, so that another connection may have better luck. */
	#flagsClosed: {closed: Closed; silent: boolean; until: number} | undefined;
	#unconnected = 0;
	#ended = false;

	constructor(cluster: ClusterAccess, {isAwaited = false}: LabellerOptions) {
		this.#cluster = cluster;
		this.#counters = new BackgroundCounters(cluster);
		this.#isAwaited = isAwaited;
		this.#endNews = knownProcesses(cluster).onNews(process => {
			for (const [id, {readings, phase}] of this.#watched) {
				if (phase !== 'failed' && readings.process?.facts.id === process) {
					this.#publish(id);
				}
			}
		});
	}

	onLabel(listener: (connectionId: string, path: Path) => void): () => void {
		this.#listeners.add(listener);
		return () => {
			this.#listeners.delete(listener);
		};
	}

	close(): void {
		this.#ended = true;
		this.#endNews();
		this.#counters.end();
		this.#listeners.clear();
		this.#watched.clear();
		this.labels.clear();
	}

	async #beforeUse(connection: Connection, purpose: ConnectionPurpose): Promise<void> {
		this.#watch(connection, purpose);
		this.#publish(connection.id);
		// What does not come in time takes the connection along, so that nothing of it is read as an answer to the stream.
		let read = false;
		const limit = setTimeout(() => {
			// What has arrived by now is read first: it was in time, and only we were busy.
			setImmediate(() => {
				if (!read) {
					connection.close();
				}
			});
		}, beforeUseLimitMs);
		const readings = await (this.#readAhead.get(connection) ?? this.#readOn(connection));
		read = true;
		clearTimeout(limit);
		this.#change(connection, {readings});
	}

	async #readOn(connection: Connection): Promise<ConnectionReadings> {
		if (this.#flagsClosed && this.#flagsClosed.until > Date.now()) {
			return this.#unanswered();
		}

		const started = performance.now();
		const reading = readBeforeUse(connection, {limitMs: beforeUseLimitMs});
		this.#readAhead.set(connection, reading);
		const readings = await reading;
		const silent = !connection.usable;
		const [closed = silent ? noAnswer : undefined] = readings.closed;
		// One that was lost before its time was up, by an apiserver that ends, says nothing about the next one.
		const lost = silent && performance.now() - started < beforeUseLimitMs;
		this.#flagsClosed = closed && !lost ? {closed, silent, until: Date.now() + closedForMs} : undefined;
		return readings;
	}

	#unanswered(): ConnectionReadings {
		return {...nothingRead, closed: this.#flagsClosed ? [this.#flagsClosed.closed] : []};
	}

	#opened(connection: Connection, purpose: ConnectionPurpose, {carrier, mayBeApiservers = false}: {carrier: 'http' | 'websocket' | 'spdy'; mayBeApiservers?: boolean}): void {
		// One that was not there before its use stands in for one whose reading met the limit.
		this.#watch(connection, purpose, this.#unanswered());
		// A translated exec gets its 101 before the apiserver dials the kubelet, and some answers are anybody's; every other opening is the far end's own.
		const answersFirst = !mayBeApiservers && !(carrier === 'websocket' && (purpose.feature === 'exec' || purpose.feature === 'attach'));
		this.#change(connection, {opened: true, ...answersFirst ? {answered: true} : {}});
		void this.#settle(connection.id);
	}

	async #settle(id: string): Promise<void> {
		const openedAt = Date.now();
		const until = performance.now() + settleWithinMs;
		const [shared, late] = await Promise.all([this.#readShared(), this.#readLate(id)]);
		const watched = this.#watched.get(id);
		if (!watched || watched.phase !== 'checking') {
			return;
		}

		Object.assign(watched, {shared, late});
		knownProcesses(this.#cluster).keepShared(watched.readings.process?.facts.id ?? null, shared, this.#sharedUntil - sharedForMs);
		if (this.#isAwaited) {
			await Promise.race([this.#readCounters(id, openedAt), pause(until - performance.now())]);
		} else {
			setTimeout(() => {
				void this.#readCounters(id, openedAt);
			}, lastsMs).unref();
		}

		await this.#heard(id, watched, until);
		if (watched.phase === 'checking') {
			watched.phase = 'settled';
			this.#publish(id);
			this.#lookAgain(id);
		}
	}

	/** A stream may stay open for days: what no apiserver answered when it was opened is asked for again until one does. */
	#lookAgain(id: string): void {
		const isUnread = () => {
			const watched = this.#watched.get(id);
			return !this.#ended && watched?.phase === 'settled' && !watched.readings.flags && !watched.late?.flags ? watched : undefined;
		};

		const mayNot = this.#flagsClosed && this.#flagsClosed.closed.because !== 'no-answer';
		if (!isUnread() || mayNot) {
			return;
		}

		setTimeout(async () => {
			if (!isUnread()) {
				return;
			}

			const late = await this.#readElsewhere();
			const watched = isUnread();
			if (watched && late?.flags) {
				watched.late = late;
				this.#publish(id);
			} else {
				this.#lookAgain(id);
			}
		}, closedForMs).unref();
	}

	/** The route where nothing else told it, as an egress file alone does not. */
	async #readCounters(id: string, openedAt: number): Promise<void> {
		const watched = this.#watched.get(id);
		if (this.#ended || !watched || this.#labelOf(watched).legs[1]!.route.state !== 'unknown') {
			return;
		}

		watched.counters = await this.#counters.read(watched.readings.process?.facts.id ?? null, openedAt);
		this.#publish(id);
	}

	/** What the connection itself did not answer in time, from another one: worth less, and better than nothing. */
	async #readLate(id: string): Promise<ConnectionReadings | null> {
		if (this.#watched.get(id)?.readings.flags || this.#flagsClosed?.silent !== true) {
			return null;
		}

		return this.#readElsewhere();
	}

	async #readElsewhere(): Promise<ConnectionReadings | null> {
		if (!this.#late || this.#lateUntil < Date.now()) {
			this.#lateUntil = Date.now() + sharedForMs;
			this.#late = readOnFreshConnection(this.#cluster, {limitMs: lateLimitMs});
		}

		const reading = this.#late;
		const late = await reading;
		// Nothing read is nothing to keep for the next one.
		if (!late?.flags && this.#late === reading) {
			this.#late = undefined;
		}

		return late;
	}

	/** Until the far end was heard or refused, where that tells anything, or the time is over. What is known by now is told meanwhile. */
	async #heard(id: string, watched: WatchedConnection, until: number): Promise<void> {
		const tellsTls = () => this.#labelOf({...watched, answered: true}).legs[1]!.tls.state !== this.#labelOf(watched).legs[1]!.tls.state;
		if (watched.answered || !tellsTls()) {
			return;
		}

		this.#publish(id);
		while (performance.now() < until && !watched.answered && watched.phase === 'checking') {
			await pause(25);
		}
	}

	#roundTrip(connection: Connection, websocket: number | undefined, runtime: number | undefined): void {
		const watched = this.#watched.get(connection.id);
		if (watched) {
			// The container runtime answered: so did the kubelet before it.
			watched.answered ||= runtime !== undefined;
			watched.rttMs = {websocket: websocket ?? watched.rttMs.websocket, runtime: runtime ?? watched.rttMs.runtime};
			this.#publish(connection.id);
		}
	}

	#failed(connection: Connection | null, purpose: ConnectionPurpose, error: SpokeError): void {
		this.#forget();
		const id = connection?.id ?? `none-${++this.#unconnected}`;
		if (!this.#watched.has(id)) {
			this.#watched.set(id, watchedConnection(connection, purpose));
		}

		const watched = this.#watched.get(id)!;
		Object.assign(watched, {phase: 'failed', about: 'ended-connection', error: error.toJSON(), failedAt: new Date().toISOString()});
		this.#publish(id);
		this.#drop(id);
	}

	#closed(connection: Connection): void {
		const watched = this.#watched.get(connection.id);
		if (!watched) {
			return;
		}

		if (!watched.error) {
			// One that was given up before it carried anything settles nothing.
			Object.assign(watched, {phase: watched.opened ? 'settled' : watched.phase, about: 'ended-connection'});
			this.#publish(connection.id);
		}

		this.#drop(connection.id);
		this.#forget();
	}

	/** A connection that ended may have been the apiserver's end: what was read beside it is not used for the next ones. */
	#forget(): void {
		this.#shared = undefined;
		this.#late = undefined;
	}

	/** Many connections that come and go in a burst share a reading, and wait for it rather than take an old one. */
	async #readShared(): Promise<SharedReadings> {
		if (!this.#shared || this.#sharedUntil < Date.now()) {
			this.#sharedUntil = Date.now() + sharedForMs;
			const waitMs = Math.max(afterOpeningMs, this.#nextReadAt - performance.now());
			this.#nextReadAt = performance.now() + waitMs + betweenReadsMs;
			this.#shared = pause(waitMs).then(async () => this.#ended ? nothingShared : readShared(this.#cluster));
		}

		return this.#shared;
	}

	#watch(connection: Connection, purpose: ConnectionPurpose, readings: ConnectionReadings = nothingRead): void {
		if (!this.#watched.has(connection.id)) {
			this.#watched.set(connection.id, {...watchedConnection(connection, purpose), readings});
		}
	}

	#change(connection: Connection, change: Partial<WatchedConnection>): void {
		const watched = this.#watched.get(connection.id);
		if (watched) {
			Object.assign(watched, change);
			this.#publish(connection.id);
		}
	}

	#publish(id: string): void {
		const watched = this.#watched.get(id);
		if (!watched || this.#ended) {
			return;
		}

		const path = this.#labelOf(watched);
		this.labels.set(id, path);
		for (const listener of this.#listeners) {
			listener(id, path);
		}
	}

	#labelOf(watched: WatchedConnection): Path {
		const process = watched.readings.process?.facts.id ?? null;
		const known = knownProcesses(this.#cluster);
		// One that ends at once is closed before anything is read beside it: what was read beside others of its process, as lately as for them, holds for it.
		const shared = watched.shared === nothingShared ? known.recentShared(process, sharedForMs) : watched.shared;
		return labelOf({...watched, shared}, this.#cluster.facts, known.of(process));
	}

	#drop(id: string): void {
		this.#watched.delete(id);
		this.labels.delete(id);
	}
}

function watchedConnection(connection: Connection | null, purpose: ConnectionPurpose): WatchedConnection {
	return {
		connection: connection && {id: connection.id, facts: connection.facts},
		purpose,
		about: 'open-connection',
		phase: 'checking',
		opened: false,
		answered: false,
		readings: nothingRead,
		late: null,
		shared: nothingShared,
		counters: null,
		rttMs: {websocket: null, runtime: null},
		error: null,
		failedAt: null,
	};
}

async function pause(ms: number): Promise<void> {
	if (ms > 0) {
		await new Promise(resolve => {
			setTimeout(resolve, ms).unref();
		});
	}
}

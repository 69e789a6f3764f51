/** Labels every connection of one cluster while it is open: leg 1 at once, leg 2 as soon as it is read, and never an old label for a new connection. */
import type {ClusterAccess} from '../cluster/cluster-access.ts';
import type {Connection} from '../cluster/connection.ts';
import type {SpokeError} from '../errors/spoke-error.ts';
import type {ConnectionPurpose} from '../sessions/connection-witness.ts';
import {BackgroundCounters} from './background-counters.ts';
import {nothingRead, type ConnectionReadings} from './connection-readings.ts';
import type {Closed, Path} from './evidence.ts';
import {knownProcesses} from './known-processes.ts';
import {labelOf, type WatchedConnection} from './label-of.ts';
import {closedForMs, LabelReadings, pause, sharedForMs} from './label-readings.ts';
import type {Labeller, LabellerOptions, MakeLabeller} from './label.ts';
import {isPassedOn} from './passed-on.ts';
import {nothingShared, type SharedReadings} from './shared-readings.ts';

/** A stream that is open for so long is worth the apiserver's counters, where nothing else tells its route. */
const lastsMs = 1000;

/** A label settles within this, measured from its stream's opening: that long are counters waited for, and the far end where its word would tell. */
const settleWithinMs = 1800;

/** After so long without a word of a command its node is asked whether the 101 was its kubelet's. */
const silentMs = 300;

/** @see Labeller */
export const makeLabeller: MakeLabeller = (cluster, options = {}) => new ConnectionLabeller(cluster, options);

class ConnectionLabeller implements Labeller {
	readonly labels = new Map<string, Path>();
	readonly witness = {
		connected: (connection: Connection) => {
			void this.#readings.ahead(connection);
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
	readonly #readings: LabelReadings;
	readonly #counters: BackgroundCounters;
	readonly #isAwaited: boolean;
	readonly #endNews: () => void;
	readonly #watched = new Map<string, WatchedConnection>();
	readonly #listeners = new Set<(connectionId: string, path: Path) => void>();
	#unconnected = 0;
	#ended = false;

	constructor(cluster: ClusterAccess, {isAwaited = false}: LabellerOptions) {
		this.#cluster = cluster;
		this.#readings = new LabelReadings(cluster);
		this.#counters = new BackgroundCounters(cluster);
		this.#isAwaited = isAwaited;
		this.#endNews = knownProcesses(cluster).onNews(process => {
			for (const [id, {readings, phase}] of this.#watched) {
				if (phase !== 'failed' && (process === null || readings.process?.facts.id === process)) {
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
		this.#readings.end();
		this.#listeners.clear();
		this.#watched.clear();
		this.labels.clear();
	}

	async #beforeUse(connection: Connection, purpose: ConnectionPurpose): Promise<void> {
		this.#watch(connection, purpose);
		this.#publish(connection.id);
		this.#change(connection, {readings: await this.#readings.beforeUse(connection, purpose.target.namespace), asked: this.#readings.asked(connection)});
		setTimeout(() => {
			void this.#readWhileUnanswered(connection.id);
		}, lastsMs).unref();
	}

	/** A log that has no line yet is not answered before it has one: what is read beside streams is read beside it, too. */
	async #readWhileUnanswered(id: string): Promise<void> {
		const isUnanswered = () => {
			const watched = this.#watched.get(id);
			return !this.#ended && watched?.phase === 'checking' && !watched.opened ? watched : undefined;
		};

		if (!isUnanswered()) {
			return;
		}

		const shared = await this.#readings.beside();
		const watched = isUnanswered();
		if (watched) {
			this.#take(watched, shared);
			this.#publish(id);
		}
	}

	#opened(connection: Connection, purpose: ConnectionPurpose, {carrier, mayBeApiservers = false}: {carrier: 'http' | 'websocket' | 'spdy'; mayBeApiservers?: boolean}): void {
		// One that was not there before its use stands in for one whose reading met the limit.
		this.#watch(connection, purpose, this.#readings.unanswered);
		// A translated exec gets its 101 before the apiserver dials the kubelet, and some answers are anybody's; every other opening is the far end's own.
		const answersFirst = !mayBeApiservers && !(carrier === 'websocket' && (purpose.feature === 'exec' || purpose.feature === 'attach'));
		this.#change(connection, {opened: true, ...answersFirst ? {answered: true} : {}});
		void this.#settle(connection.id);
	}

	async #settle(id: string): Promise<void> {
		const openedAt = Date.now();
		const until = performance.now() + settleWithinMs;
		const [shared, late] = await Promise.all([this.#readings.beside(), this.#readings.late(this.#watched.get(id)?.readings ?? nothingRead)]);
		const watched = this.#watched.get(id);
		if (!watched || watched.phase !== 'checking') {
			return;
		}

		watched.late = late;
		this.#take(watched, shared);
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

	#take(watched: WatchedConnection, shared: SharedReadings): void {
		watched.shared = shared;
		const known = knownProcesses(this.#cluster);
		known.keepShared(watched.readings.process?.facts.id ?? null, shared, this.#readings.sharedAt);
		known.sawGateway(shared.gatewaySeen);
	}

	/** A stream may stay open for days: what no apiserver answered when it was opened is asked for again until one does. */
	#lookAgain(id: string): void {
		const isUnread = () => {
			const watched = this.#watched.get(id);
			return !this.#ended && watched?.phase === 'settled' && !watched.readings.flags && !watched.late?.flags ? watched : undefined;
		};

		const isRefused = (closed: readonly Closed[]) => closed.some(({because}) => because !== 'no-answer');
		const unread = isUnread();
		if (!unread || (unread.asked && isRefused(unread.readings.closed))) {
			return;
		}

		setTimeout(async () => {
			if (!isUnread()) {
				return;
			}

			const late = await this.#readings.elsewhere();
			const watched = isUnread();
			if (watched && late?.flags) {
				watched.late = late;
				this.#publish(id);
			} else if (!late || !isRefused(late.closed)) {
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

	/** Until the far end of a command was heard or refused, where that tells anything, or its node tells as much, or the time is over. What is known by now is told meanwhile. */
	async #heard(id: string, watched: WatchedConnection, until: number): Promise<void> {
		const tellsTls = () => this.#labelOf({...watched, answered: true}).legs[1]!.tls.state !== this.#labelOf(watched).legs[1]!.tls.state;
		const isSilent = () => !watched.answered && watched.phase === 'checking';
		if (!isSilent() || !['exec', 'attach'].includes(watched.purpose.feature) || !tellsTls()) {
			return;
		}

		this.#publish(id);
		await pauseWhile(isSilent, until - settleWithinMs + silentMs);
		if (isSilent()) {
			void isPassedOn(this.#cluster, watched).then(isPassedOn => {
				watched.passedOn = isPassedOn;
			});
			await pauseWhile(() => isSilent() && !watched.passedOn, until);
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
		this.#readings.forget();
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
		this.#readings.forget();
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
		return labelOf({...watched, shared: {...shared, authority: known.authority ?? shared.authority, gatewaySeen: known.gatewaySeen, closed: [...shared.closed, ...this.#readings.authorityClosed]}}, this.#cluster.facts, known.of(process));
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
		passedOn: false,
		asked: false,
		readings: nothingRead,
		late: null,
		shared: nothingShared,
		counters: null,
		rttMs: {websocket: null, runtime: null},
		error: null,
		failedAt: null,
	};
}

async function pauseWhile(holds: () => boolean, until: number): Promise<void> {
	while (performance.now() < until && holds()) {
		await pause(25);
	}
}

/** Labels every connection of one cluster while it is open: leg 1 at once, leg 2 as soon as it is read, and never an old label for a new connection. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import type {Connection} from '../cluster/connection.ts';
import type {ConnectionPurpose, ConnectionObserver} from '../streams/connection-observer.ts';
import {BackgroundCounters} from './background-counters.ts';
import {systemClock} from './clock.ts';
import type {ConnectionReadings} from './connection-readings.ts';
import type {Path} from './evidence.ts';
import {knownProcesses} from './known-processes.ts';
import {readFirst, settle, type LabelSources} from './label-course.ts';
import {born, openedByFarEnd, type LabelLife, type LifeEvent} from './label-life.ts';
import {limits} from './label-limits.ts';
import {labelOf} from './label-of.ts';
import type {Labeller, LabellerOptions, MakeLabeller} from './label.ts';
import {LiveLabel, type LabelPlace} from './live-label.ts';
import {ReadingsBeforeUse} from './readings-before-use.ts';
import {ReadingsBeside} from './readings-beside.ts';
import {recordAnswer, recordFailure} from './record-second-leg.ts';
import {nothingShared} from './shared-readings.ts';

/** @see Labeller */
export const makeLabeller: MakeLabeller = (cluster, options = {}) => new ConnectionLabeller(cluster, options);

class ConnectionLabeller implements Labeller {
	readonly labels = new Map<string, Path>();
	readonly witness: ConnectionObserver = {
		connected: connection => {
			void this.#sources.beforeUse.ahead(connection);
		},
		beforeUse: async (connection, purpose) => readFirst(this.#watched(connection, purpose), connection, this.#sources),
		opened: (connection, purpose, about) => {
			// One that was not there before its use stands in for one whose reading met the limit.
			const label = this.#watched(connection, purpose, this.#sources.beforeUse.unanswered);
			this.#tellAndRecord(label, {type: 'opened', byFarEnd: openedByFarEnd(purpose, about)});
			void settle(label, this.#sources);
		},
		answered: connection => {
			this.#tellAndRecord(this.#live.get(connection.id), {type: 'answered'});
		},
		roundTrip: (connection, times) => {
			this.#tellAndRecord(this.#live.get(connection.id), {type: 'measured', ...times});
		},
		failed: (connection, purpose, error) => {
			this.#sources.beside.forget();
			const label = this.#watched(connection, purpose);
			const failed = error.toJSON();
			label.tell({type: 'failed', error: failed, time: new Date().toISOString()});
			recordFailure(this.#sources.cluster, {purpose, process: processOf(label.life)}, failed);
			this.#drop(label);
		},
		closed: connection => {
			const label = this.#live.get(connection.id);
			if (label) {
				label.tell({type: 'closed'});
				this.#drop(label);
				this.#sources.beside.forget();
			}
		},
	};

	readonly #sources: LabelSources;
	readonly #live = new Map<string, LiveLabel>();
	readonly #listeners = new Set<(connectionId: string, path: Path) => void>();
	readonly #endNews: () => void;
	readonly #place: LabelPlace;
	#unconnected = 0;
	#isEnded = false;

	constructor(cluster: ClusterClient, {isAwaited = false, clock = systemClock}: LabellerOptions) {
		this.#sources = {
			cluster, clock, isAwaited,
			beforeUse: new ReadingsBeforeUse(cluster, clock),
			beside: new ReadingsBeside(cluster, clock),
			counters: new BackgroundCounters(cluster, clock),
		};
		this.#place = {
			clock,
			pathOf: life => this.#pathOf(life),
			tell: (id, path) => {
				this.#tell(id, path);
			},
		};
		this.#endNews = knownProcesses(cluster).onNews(process => {
			for (const label of this.#live.values()) {
				if (label.life.phase !== 'failed' && (process === null || label.life.readings.process?.facts.id === process)) {
					label.tellAgain();
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
		this.#isEnded = true;
		this.#endNews();
		this.#sources.counters.end();
		this.#sources.beside.end();
		this.#listeners.clear();
		for (const label of this.#live.values()) {
			this.#drop(label);
		}
	}

	#watched(connection: Connection | null, purpose: ConnectionPurpose, readings?: ConnectionReadings): LiveLabel {
		const id = connection?.id ?? `none-${++this.#unconnected}`;
		const label = this.#live.get(id) ?? new LiveLabel(id, born(connection, purpose, readings), this.#place);
		this.#live.set(id, label);
		if (this.#isEnded) {
			this.#drop(label);
		}

		return label;
	}

	/** That its far end answered is known to later paths, too. */
	#tellAndRecord(label: LiveLabel | undefined, event: LifeEvent): void {
		const before = label?.life;
		label?.tell(event);
		if (before?.answered === false && label?.life.answered === true) {
			recordAnswer(this.#sources.cluster, {purpose: before.purpose, process: processOf(before)});
		}
	}

	#drop(label: LiveLabel): void {
		label.leave();
		this.#live.delete(label.id);
		this.labels.delete(label.id);
	}

	#tell(id: string, path: Path): void {
		this.labels.set(id, path);
		for (const listener of this.#listeners) {
			listener(id, path);
		}
	}

	#pathOf(life: LabelLife): Path {
		const {cluster, clock, beforeUse} = this.#sources;
		const process = processOf(life);
		const known = knownProcesses(cluster);
		// One that ends at once is closed before anything is read beside it: what was read beside others of its process, as lately as for them, holds for it.
		const own = life.shared === nothingShared ? known.recentShared(process, limits.sharedForMs, clock.now()) : life.shared;
		const shared = {
			...own,
			authority: known.authority ?? own.authority,
			gatewaySeen: known.gatewaySeen,
			closed: [...own.closed, ...beforeUse.authorityClosed],
		};
		return labelOf({...life, shared}, cluster.facts, known.of(process), cluster.secondLegs.outcomes);
	}
}

function processOf({readings}: LabelLife): string | null {
	return readings.process?.facts.id ?? null;
}

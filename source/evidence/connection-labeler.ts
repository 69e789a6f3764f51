/** Labels every connection of one cluster while it is open: leg 1 at once, leg 2 as soon as it is read, and never an old label for a new connection. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import type {Connection} from '../cluster/connection.ts';
import type {ConnectionPurpose, ConnectionObserver} from '../streams/connection-observer.ts';
import {BackgroundMetrics} from './background-metrics.ts';
import {systemClock} from './clock.ts';
import type {ConnectionObservations} from './connection-observations.ts';
import type {Path} from './evidence.ts';
import {processCacheFor} from './process-cache.ts';
import {observeBeforeUse, settleLabel, type LabelContext} from './label-lifecycle.ts';
import {initialLabelState, isOpenedByFarEnd, type LabelState, type LabelEvent} from './label-state.ts';
import {labelTimings} from './label-timings.ts';
import {buildLabelPath} from './build-label-path.ts';
import type {Labeler, LabelerOptions, CreateLabeler} from './labeler.ts';
import {LiveLabel, type LabelHost} from './live-label.ts';
import {PreUseProbe} from './pre-use-probe.ts';
import {SharedProbe} from './shared-probe.ts';
import {recordAnswer, recordFailure} from './record-second-leg.ts';
import {noClusterObservations} from './cluster-observations.ts';

/** @see Labeler */
export const createLabeler: CreateLabeler = (cluster, options = {}) => new ConnectionLabeller(cluster, options);

class ConnectionLabeller implements Labeler {
	readonly labels = new Map<string, Path>();
	readonly witness: ConnectionObserver = {
		connected: connection => {
			void this.#sources.beforeUse.ahead(connection);
		},
		beforeUse: async (connection, purpose) => observeBeforeUse(this.#watched(connection, purpose), connection, this.#sources),
		opened: (connection, purpose, about) => {
			// One that was not there before its use stands in for one whose reading met the limit.
			const label = this.#watched(connection, purpose, this.#sources.beforeUse.unanswered);
			this.#tellAndRecord(label, {type: 'opened', byFarEnd: isOpenedByFarEnd(purpose, about)});
			void settleLabel(label, this.#sources);
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

	readonly #sources: LabelContext;
	readonly #live = new Map<string, LiveLabel>();
	readonly #listeners = new Set<(connectionId: string, path: Path) => void>();
	readonly #endNews: () => void;
	readonly #place: LabelHost;
	#unconnected = 0;
	#isEnded = false;

	constructor(cluster: ClusterClient, {isAwaited = false, clock = systemClock}: LabelerOptions) {
		this.#sources = {
			cluster,
			clock,
			isAwaited,
			beforeUse: new PreUseProbe(cluster, clock),
			beside: new SharedProbe(cluster, clock),
			counters: new BackgroundMetrics(cluster, clock),
		};
		this.#place = {
			clock,
			pathOf: life => this.#pathOf(life),
			tell: (id, path) => {
				this.#tell(id, path);
			},
		};
		this.#endNews = processCacheFor(cluster).onNews(process => {
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

	#watched(connection: Connection | null, purpose: ConnectionPurpose, readings?: ConnectionObservations): LiveLabel {
		const id = connection?.id ?? `none-${++this.#unconnected}`;
		const label = this.#live.get(id) ?? new LiveLabel(id, initialLabelState(connection, purpose, readings), this.#place);
		this.#live.set(id, label);
		if (this.#isEnded) {
			this.#drop(label);
		}

		return label;
	}

	/** That its far end answered is known to later paths, too. */
	#tellAndRecord(label: LiveLabel | undefined, event: LabelEvent): void {
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

	#pathOf(life: LabelState): Path {
		const {cluster, clock, beforeUse} = this.#sources;
		const process = processOf(life);
		const known = processCacheFor(cluster);
		// One that ends at once is closed before anything is read beside it: what was read beside others of its process, as lately as for them, holds for it.
		const own = life.shared === noClusterObservations ? known.recentShared(process, labelTimings.sharedForMs, clock.now()) : life.shared;
		const shared = {
			...own,
			authority: known.authority ?? own.authority,
			gatewaySeen: known.gatewaySeen,
			closed: [...own.closed, ...beforeUse.authorityClosed],
		};
		return buildLabelPath({...life, shared}, cluster.facts, known.of(process), cluster.secondLegs.outcomes);
	}
}

function processOf({readings}: LabelState): string | null {
	return readings.process?.facts.id ?? null;
}

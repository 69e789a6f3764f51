/** A label is the Path of an open connection, built again with each observation. This file keeps the labels of one cluster. */
import {type Clock, systemClock} from '../base/async/clock.ts';
import type {ClusterClient, Connection} from '../cluster/cluster-client.ts';
import type {ConnectionObserver, ConnectionPurpose} from '../streams/connection-observer.ts';
import {BackgroundMetrics, SharedProbe, PreUseProbe} from './label-probes.ts';
import {buildObservations, processIdOf} from './build-observations.ts';
import {buildPath} from './build-path.ts';
import {noClusterObservations, noConnectionObservations, socketObservation} from './connection-observations.ts';
import type {ConnectionObservations, Path} from './evidence.ts';
import {
	type LabelContext,
	LiveLabel,
	observeBeforeUse,
	settleLabel,
	initialLabelState,
	isOpenedByFarEnd,
	type LabelEvent,
	type LabelState,
} from './label-lifecycle.ts';
import {labelTimings} from './label-timings.ts';
import {processCacheFor} from './process-cache.ts';
import {recordAnswer, recordFailure} from './second-leg-record.ts';

/** @see Labeler */
export function createLabeler(cluster: ClusterClient, options: LabelerOptions = {}): Labeler {
	return new ConnectionLabeler(cluster, options);
}

/** Pass `observer` to streams: each of their connections gets a label, first `checking` with leg 1, later `settled`. */
export type Labeler = {
	readonly observer: ConnectionObserver;
	readonly labels: ReadonlyMap<string, Label>;
	/** Returns an unsubscribe function. */
	onLabel(listener: (connectionId: string, label: Label) => void): () => void;
	close(): void;
};

/** `path` is built when it is first read, with what is known then: `always` and `json` skip the path of a label that is checking. */
export type Label = Readonly<Pick<Path, 'phase' | 'about'> & {path: Path}>;

export type LabelerOptions = {
	/**
	The caller waits for each label, so slow sources are read before `settled`. Otherwise they are read only for streams that last, and
	change a settled label.
	*/
	waitsForMetrics?: boolean;
	clock?: Clock;
};

class ConnectionLabeler implements Labeler {
	readonly labels = new Map<string, Label>();
	readonly observer: ConnectionObserver = {
		onConnected: connection => {
			void this.#context.preUseProbe.start(connection);
		},
		beforeUse: async (connection, purpose) => observeBeforeUse(this.#labelFor(connection, purpose), connection, this.#context),
		onOpened: (connection, purpose, about) => {
			const label = this.#labelFor(connection, purpose, this.#context.preUseProbe.fallbackFor(connection));
			this.#emitAndRecord(label, {type: 'opened', byFarEnd: isOpenedByFarEnd(purpose, about)});
			void settleLabel(label, this.#context);
		},
		onFarEndAnswered: connection => {
			this.#emitAndRecord(this.#liveLabels.get(connection.id), {type: 'far-end-answered'});
		},
		onApiserverAnswered: (connection, purpose, why) => {
			this.#labelFor(connection, purpose, this.#context.preUseProbe.fallbackFor(connection)).emit({type: 'apiserver-answered', why});
		},
		onRoundTrip: (connection, times) => {
			this.#emitAndRecord(this.#liveLabels.get(connection.id), {type: 'measured', ...times});
		},
		onFailed: (connection, purpose, error) => {
			this.#context.sharedProbe.forget();
			const label = this.#labelFor(connection, purpose);
			const failed = error.toJSON();
			label.emit({type: 'failed', error: failed, time: new Date().toISOString()});
			recordFailure(this.#context.cluster, {purpose, process: processIdOf(label.state)}, failed);
			this.#drop(label);
		},
		onClosed: connection => {
			const label = this.#liveLabels.get(connection.id);
			if (label) {
				label.emit({type: 'closed'});
				this.#drop(label);
				this.#context.sharedProbe.forget();
			}
		},
	};

	readonly #context: LabelContext;
	readonly #liveLabels = new Map<string, LiveLabel>();
	readonly #listeners = new Set<(connectionId: string, label: Label) => void>();
	readonly #stopListening: () => void;
	#unconnectedCount = 0;
	#isClosed = false;

	constructor(cluster: ClusterClient, {waitsForMetrics = false, clock = systemClock}: LabelerOptions) {
		this.#context = {
			cluster,
			clock,
			waitsForMetrics,
			preUseProbe: new PreUseProbe(cluster, clock),
			sharedProbe: new SharedProbe(cluster, clock),
			backgroundMetrics: new BackgroundMetrics(cluster, clock),
			pathOf: state => this.#pathOf(state),
			emit: (id, state) => {
				this.#emit(id, this.#labelOf(state));
			},
		};
		this.#stopListening = processCacheFor(cluster).onChange(process => {
			for (const label of this.#liveLabels.values()) {
				if (label.state.phase !== 'failed' && (process === null || processIdOf(label.state) === process)) {
					label.emitAgain();
				}
			}
		});
	}

	onLabel(listener: (connectionId: string, label: Label) => void): () => void {
		this.#listeners.add(listener);
		return () => {
			this.#listeners.delete(listener);
		};
	}

	close(): void {
		this.#isClosed = true;
		this.#stopListening();
		this.#context.backgroundMetrics.end();
		this.#context.sharedProbe.end();
		this.#listeners.clear();
		for (const label of this.#liveLabels.values()) {
			this.#drop(label);
		}
	}

	#labelFor(
		connection: Connection | null,
		purpose: ConnectionPurpose,
		observations: ConnectionObservations = {...noConnectionObservations, socket: connection && socketObservation(connection)},
	): LiveLabel {
		const id = connection?.id ?? `none-${++this.#unconnectedCount}`;
		const label = this.#liveLabels.get(id) ?? new LiveLabel(id, initialLabelState(purpose, observations), this.#context);
		this.#liveLabels.set(id, label);
		if (this.#isClosed) {
			this.#drop(label);
		}

		return label;
	}

	#emitAndRecord(label: LiveLabel | undefined, event: LabelEvent): void {
		const before = label?.state;
		label?.emit(event);
		if (before?.farEndAnswered === false && label?.state.farEndAnswered === true) {
			recordAnswer(this.#context.cluster, {purpose: before.purpose, process: processIdOf(before)});
		}
	}

	#drop(label: LiveLabel): void {
		label.stop();
		this.#liveLabels.delete(label.id);
		this.labels.delete(label.id);
	}

	#emit(id: string, label: Label): void {
		this.labels.set(id, label);
		for (const listener of this.#listeners) {
			listener(id, label);
		}
	}

	#labelOf(state: LabelState): Label {
		let path: Path | undefined;
		const build = () => this.#pathOf(state);
		return {
			phase: state.phase,
			about: state.scope === 'ended' ? 'ended-connection' : 'open-connection',
			get path() {
				path ??= build();
				return path;
			},
		};
	}

	#pathOf(state: LabelState): Path {
		const {cluster, clock, preUseProbe} = this.#context;
		const known = processCacheFor(cluster);
		// A short connection closes before the cluster is observed, so use recent observations for its process.
		const observed =
			state.shared === noClusterObservations
				? known.recentShared(processIdOf(state), labelTimings.sharedMaxAgeMs, clock.now())
				: state.shared;
		const shared = {...observed, unavailable: [...observed.unavailable, ...preUseProbe.unavailableCas]};
		const {phase, rttMs, error} = state;
		return buildPath(buildObservations(cluster, {...state, shared}, state), {cluster: cluster.facts, phase, rttMs, error});
	}
}

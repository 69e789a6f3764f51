/** What was read once of an apiserver process stays true as long as it lives: shared between the labels, the path pane and the probes of one cluster. */
import type {ClusterClient, ClusterInfo} from '../cluster/cluster-client.ts';
import {isRecent} from './clock.ts';
import type {Observations, MetricFacts, Observation} from './evidence.ts';
import {parseCaBundle, type CaFacts} from './probes/cluster-ca.ts';
import {noClusterObservations, type ClusterObservations} from './cluster-observations.ts';

export type CachedProcess = Pick<Observations, 'metrics' | 'stepTests' | 'agentTests'>;

export const emptyCachedProcess: CachedProcess = {metrics: [], stepTests: [], agentTests: []};

/** Flags and egress file are read at an apiserver's start, and a process's id is made of its start time and its flags. */
export class ProcessCache {
	readonly #byId = new Map<string, CachedProcess>();
	readonly #metricsAt = new Map<string, number>();
	readonly #shared = new Map<string, {at: number; shared: ClusterObservations}>();
	readonly #listeners = new Set<(process: string | null) => void>();
	#gatewaySeen: string | null = null;
	/** Which the cluster gives its pods, once it was read: what it signed it signed. */
	ca: CaFacts | null;

	/** In a pod the authority is the one that it was given. */
	constructor({source, certificateAuthority}: Pick<ClusterInfo, 'source' | 'certificateAuthority'>) {
		this.ca = source === 'in-cluster' && certificateAuthority !== null ? parseCaBundle(certificateAuthority) : null;
	}

	/** Why something answers between us and the apiservers, seen at any time: it does not show itself each time. */
	get gatewaySeen(): string | null {
		return this.#gatewaySeen;
	}

	/** What stands before the apiservers stands before what was opened earlier, too. */
	recordGateway(why: string | null): void {
		if (why !== null && this.#gatewaySeen === null) {
			this.#gatewaySeen = why;
			this.#emit(null);
		}
	}

	of(process: string | null): CachedProcess {
		return (process === null ? undefined : this.#byId.get(process)) ?? emptyCachedProcess;
	}

	/** The metrics of a process if they were read within the last `maxAgeMs`. */
	recentMetrics(process: string | null, maxAgeMs: number): Observation<MetricFacts> | undefined {
		const at = process === null ? undefined : this.#metricsAt.get(process);
		return isRecent(at, maxAgeMs, Date.now()) ? this.of(process).metrics[0] : undefined;
	}

	/** What was read beside connections of a process within the last `maxAgeMs` before `now`: its pod's environment is fixed at its start. */
	recentShared(process: string | null, maxAgeMs: number, now: number): ClusterObservations {
		const kept = process === null ? undefined : this.#shared.get(process);
		return kept && isRecent(kept.at, maxAgeMs, now) ? kept.shared : noClusterObservations;
	}

	/** `readAt`: when that reading began, milliseconds since 1970. */
	rememberShared(process: string | null, shared: ClusterObservations, readAt: number): void {
		if (process !== null) {
			this.#shared.set(process, {at: readAt, shared});
		}
	}

	/** What is left out stays as it was. Without an id nothing can be told apart, and nothing is kept. */
	remember(process: string | null, known: Partial<CachedProcess>): void {
		if (process === null) {
			return;
		}

		if (known.metrics) {
			this.#metricsAt.set(process, Date.now());
		}

		this.#byId.set(process, {...this.of(process), ...known});
		this.#emit(process);
	}

	/** Of a process, or of all that is known (`null`). Returns a function that ends it. */
	onChange(listener: (process: string | null) => void): () => void {
		this.#listeners.add(listener);
		return () => {
			this.#listeners.delete(listener);
		};
	}

	#emit(process: string | null): void {
		for (const listener of this.#listeners) {
			listener(process);
		}
	}
}

const caches = new WeakMap<ClusterClient, ProcessCache>();

/** One for each way to a cluster: whoever asks through it shares what was read. */
export function processCacheFor(cluster: ClusterClient): ProcessCache {
	const known = caches.get(cluster) ?? new ProcessCache(cluster.facts);
	caches.set(cluster, known);
	return known;
}

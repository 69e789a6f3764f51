/**
Observations of apiserver processes, which hold while the process runs: shared by the labels, the path pane and the probes of one
cluster.
*/
import type {ClusterClient, ClusterInfo} from '../cluster/cluster-client.ts';
import {isRecent} from './clock.ts';
import type {Observations, MetricFacts, Observation} from './evidence.ts';
import {parseCaBundle, type CaFacts} from './probes/cluster-ca.ts';
import {noClusterObservations, type ClusterObservations} from './cluster-observations.ts';

export type CachedProcess = Pick<Observations, 'metrics' | 'stepTests' | 'agentTests'>;

export const emptyCachedProcess: CachedProcess = {metrics: [], stepTests: [], agentTests: []};

/** Flags and egress file are read when an apiserver starts, and the id of a process is made of its start time and flags. */
export class ProcessCache {
	readonly #byId = new Map<string, CachedProcess>();
	readonly #metricsAt = new Map<string, number>();
	readonly #shared = new Map<string, {at: number; shared: ClusterObservations}>();
	readonly #listeners = new Set<(process: string | null) => void>();
	#gatewaySeen: string | null = null;
	/** The CA that the cluster gives its pods, once it was read. */
	ca: CaFacts | null;

	/** In a pod the CA is the one that the pod was given. */
	constructor({source, certificateAuthority}: Pick<ClusterInfo, 'source' | 'certificateAuthority'>) {
		this.ca = source === 'in-cluster' && certificateAuthority !== null ? parseCaBundle(certificateAuthority) : null;
	}

	/** Why something between us and the apiservers answers, seen at any time: it does not show itself each time. */
	get gatewaySeen(): string | null {
		return this.#gatewaySeen;
	}

	/** A gateway in front of the apiservers is in front of earlier connections, too. */
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

	/** The cluster observations for a process within the last `maxAgeMs` before `now`: the environment of its pod is fixed at its start. */
	recentShared(process: string | null, maxAgeMs: number, now: number): ClusterObservations {
		const kept = process === null ? undefined : this.#shared.get(process);
		return kept && isRecent(kept.at, maxAgeMs, now) ? kept.shared : noClusterObservations;
	}

	/** `readAt`: when the read began, in ms since 1970. */
	rememberShared(process: string | null, shared: ClusterObservations, readAt: number): void {
		if (process !== null) {
			this.#shared.set(process, {at: readAt, shared});
		}
	}

	/** Omitted parts stay unchanged. Without an id, processes cannot be told apart, and nothing is kept. */
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

	/** The listener gets the id of a process, or `null` for all. Returns a function that unsubscribes. */
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

/** One per cluster client: everything that uses it shares the cache. */
export function processCacheFor(cluster: ClusterClient): ProcessCache {
	const known = caches.get(cluster) ?? new ProcessCache(cluster.facts);
	caches.set(cluster, known);
	return known;
}

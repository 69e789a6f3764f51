/** Observations of apiserver processes, valid while the process runs. */
import {isRecent} from '../base/async/clock.ts';
import type {ClusterClient, ClusterInfo} from '../cluster/cluster-client.ts';
import {noClusterObservations} from './connection-observations.ts';
import type {CaFacts, ClusterObservations, MetricFacts, Observation, Observations} from './evidence.ts';
import {parseCaBundle} from './probes/apiserver-replicas.ts';

type CachedProcess = Pick<Observations, 'metrics' | 'stepTests' | 'agentTests'> & {shared: ClusterObservations};

const emptyCachedProcess: CachedProcess = {metrics: [], stepTests: [], agentTests: [], shared: noClusterObservations};

/** A restarted apiserver is another process, and a stream can outlive many. */
const maxProcesses = 16;

export function processCacheFor({records, facts}: Pick<ClusterClient, 'records' | 'facts'>): ProcessCache {
	return records.of(ProcessCache, () => new ProcessCache(facts));
}

/** An apiserver reads its flags and egress file only at its start, and a process id is made of start time and flags. */
class ProcessCache {
	readonly #byId = new Map<string, CachedProcess>();
	/** In progress; `startedAt` in ms since 1970. */
	readonly #reads = new Map<string, {startedAt: number; result: Promise<unknown>}>();
	readonly #listeners = new Set<(process: string | null) => void>();
	#gatewaySeen: string | null = null;
	ca: CaFacts | null;

	/** In a pod, the kubeconfig's CA is the one that the cluster gives to pods. */
	constructor({source, certificateAuthority}: Pick<ClusterInfo, 'source' | 'certificateAuthority'>) {
		this.ca = source === 'in-cluster' && certificateAuthority !== null ? parseCaBundle(certificateAuthority) : null;
	}

	/** What proved that a gateway relays requests. Kept, because a gateway is not detectable on every connection. */
	get gatewaySeen(): string | null {
		return this.#gatewaySeen;
	}

	recordGateway(why: string | null): void {
		if (why !== null && this.#gatewaySeen === null) {
			this.#gatewaySeen = why;
			this.#emit(null);
		}
	}

	of(process: string | null): CachedProcess {
		return (process === null ? undefined : this.#byId.get(process)) ?? emptyCachedProcess;
	}

	recentMetrics(process: string | null, maxAgeMs: number): Observation<MetricFacts> | undefined {
		const [metrics] = this.of(process).metrics;
		return metrics && isRecent(Date.parse(metrics.time), maxAgeMs, Date.now()) ? metrics : undefined;
	}

	/** Kept by process, because the environment of its pod is fixed at its start. */
	recentShared(process: string | null, maxAgeMs: number, now: number): ClusterObservations {
		const {shared} = this.of(process);
		return isRecent(shared.requestedAt, maxAgeMs, now) ? shared : noClusterObservations;
	}

	rememberShared(process: string | null, shared: ClusterObservations): void {
		if (process !== null) {
			this.#set(process, {shared});
		}
	}

	/** Omitted parts stay unchanged. Without an id, nothing is kept. */
	remember(process: string | null, known: Partial<Omit<CachedProcess, 'shared'>>): void {
		if (process !== null) {
			this.#set(process, known);
			this.#emit(process);
		}
	}

	/**
	Joins a read of the same process and source that is in progress, because many streams can open at once. If that one gets no response, a
	stream reads by itself, and so waits for two reads. Without a process id, nothing is joined: the connections may end at different
	processes.
	*/
	async shareRead<Result>(
		process: string | null,
		source: string,
		{read, maxAgeMs, hasNoResponse}: {read: () => Promise<Result>; maxAgeMs: number; hasNoResponse: (result: Result) => boolean},
	): Promise<Result> {
		if (process === null) {
			return read();
		}

		const key = `${process} ${source}`;
		const inProgress = this.#reads.get(key);
		if (inProgress && isRecent(inProgress.startedAt, maxAgeMs, Date.now())) {
			const result = (await inProgress.result) as Result;
			return hasNoResponse(result) ? read() : result;
		}

		const started = {startedAt: Date.now(), result: read()};
		this.#reads.set(key, started);
		try {
			return await started.result;
		} finally {
			if (this.#reads.get(key) === started) {
				this.#reads.delete(key);
			}
		}
	}

	/** `null` means all processes. Returns an unsubscribe function. */
	onChange(listener: (process: string | null) => void): () => void {
		this.#listeners.add(listener);
		return () => {
			this.#listeners.delete(listener);
		};
	}

	#set(process: string, changed: Partial<CachedProcess>): void {
		const entry = {...this.of(process), ...changed};
		this.#byId.delete(process);
		this.#byId.set(process, entry);
		const [oldest] = this.#byId.keys();
		if (this.#byId.size > maxProcesses) {
			this.#byId.delete(oldest!);
		}
	}

	#emit(process: string | null): void {
		for (const listener of this.#listeners) {
			listener(process);
		}
	}
}

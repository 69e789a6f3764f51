/** Observations of the cluster, of other connections and of metrics, shared by connections that open together. */
import {isRecent, clockDelay, type Clock} from '../async/clock.ts';
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {noClusterObservations, observeCluster} from './cluster-observations.ts';
import {observeFreshConnection, observeConnection} from './connection-observations.ts';
import type {ClusterObservations, ConnectionObservations, MetricFacts, ProbeResult, Observation} from './evidence.ts';
import {labelTimings} from './label-timings.ts';
import {processCacheFor} from './process-cache.ts';
import {readApiserverMetrics} from './probes/apiserver-metrics.ts';
import {needMetrics} from './rules/needs.ts';

/** Maximum connections that are opened to reach the same process behind a load balancer. */
const maxAttempts = 4;

export const metricsNotReached: ProbeResult<MetricFacts> = {
	unavailable: {source: 'metrics', where: 'GET /metrics', reason: 'no-response', need: needMetrics},
};

export class SharedProbe {
	readonly #cluster: ClusterClient;
	readonly #clock: Clock;
	#shared: {requestedAt: number; hasStarted: boolean; pending: Promise<ClusterObservations>} | undefined;
	#elsewhere: {requestedAt: number; pending: Promise<ConnectionObservations | null>} | undefined;
	#nextReadAt = 0;
	#hasEnded = false;

	constructor(cluster: ClusterClient, clock: Clock) {
		this.#cluster = cluster;
		this.#clock = clock;
	}

	/** Connections of a burst share one observation, and wait for it instead of using an old one. */
	async observeCluster(): Promise<ClusterObservations> {
		if (!this.#isRecent(this.#shared)) {
			const waitMs = Math.max(labelTimings.sharedProbeDelayMs, this.#nextReadAt - this.#clock.elapsed());
			this.#nextReadAt = this.#clock.elapsed() + waitMs + labelTimings.sharedProbeIntervalMs;
			this.#shared = this.#startShared(waitMs);
		}

		return this.#shared!.pending;
	}

	async observeElsewhere(): Promise<ConnectionObservations | null> {
		if (!this.#isRecent(this.#elsewhere)) {
			this.#elsewhere = {
				requestedAt: this.#clock.now(),
				pending: observeFreshConnection(this.#cluster, {timeoutMs: labelTimings.sharedProbeTimeoutMs}),
			};
		}

		const entry = this.#elsewhere!;
		const lateObservations = await entry.pending;
		if (!lateObservations?.flags && this.#elsewhere === entry) {
			this.#elsewhere = undefined;
		}

		return lateObservations;
	}

	/**
	A connection may have ended because its apiserver did, so earlier observations are not used for later connections; one that has not
	started yet is.
	*/
	forget(): void {
		if (this.#shared?.hasStarted) {
			this.#shared = undefined;
		}

		this.#elsewhere = undefined;
	}

	end(): void {
		this.#hasEnded = true;
	}

	#startShared(waitMs: number): {requestedAt: number; hasStarted: boolean; pending: Promise<ClusterObservations>} {
		const requestedAt = this.#clock.now();
		const entry = {
			requestedAt,
			hasStarted: false,
			pending: clockDelay(this.#clock, waitMs).then(async () => {
				entry.hasStarted = true;
				const timeoutMs = labelTimings.sharedProbeTimeoutMs;
				const needsCa = processCacheFor(this.#cluster).ca === null;
				return this.#hasEnded ? noClusterObservations : observeCluster(this.#cluster, {timeoutMs, requestedAt, needsCa});
			}),
		};
		return entry;
	}

	#isRecent(entry: {requestedAt: number} | undefined): boolean {
		return isRecent(entry?.requestedAt, labelTimings.sharedMaxAgeMs, this.#clock.now());
	}
}

export class BackgroundMetrics {
	readonly #cluster: ClusterClient;
	readonly #clock: Clock;
	readonly #end = new AbortController();
	readonly #pending = new Map<string | null, Promise<ProbeResult<MetricFacts>>>();
	#unavailable: {result: ProbeResult<MetricFacts>; at: number} | undefined;
	/** Metrics of processes without an id. */
	#unidentified: Observation<MetricFacts> | undefined;
	#nextUnidentifiedAt = 0;

	constructor(cluster: ClusterClient, clock: Clock) {
		this.#cluster = cluster;
		this.#clock = clock;
	}

	/**
	Reads on a separate connection; streams of one process share a read. Without a process id, the metrics may be those of another process,
	and reads are at least the minimum interval apart. `openedAt`: when the stream opened, in ms since 1970; metrics read before it are
	reused only if they have counts. Never throws.
	*/
	async read(process: string | null, openedAt: number): Promise<ProbeResult<MetricFacts>> {
		const recent =
			process === null
				? this.#unidentifiedFor(openedAt)
				: processCacheFor(this.#cluster).recentMetrics(process, labelTimings.metricsIntervalMs);
		if (recent && (hasCounts(recent.facts) || Date.parse(recent.time) > openedAt)) {
			return {observation: recent};
		}

		if (this.#unavailable && isRecent(this.#unavailable.at, labelTimings.metricsUnavailableForMs, this.#clock.now())) {
			return this.#unavailable.result;
		}

		const pending = this.#pending.get(process) ?? this.#readOnce(process);
		this.#pending.set(process, pending);
		return pending;
	}

	end(): void {
		this.#end.abort();
	}

	#unidentifiedFor(openedAt: number): Observation<MetricFacts> | undefined {
		return this.#unidentified && Date.parse(this.#unidentified.time) > openedAt - labelTimings.unidentifiedMetricsMaxAgeMs
			? this.#unidentified
			: undefined;
	}

	async #readOnce(process: string | null): Promise<ProbeResult<MetricFacts>> {
		try {
			if (process === null) {
				await clockDelay(this.#clock, this.#nextUnidentifiedAt - this.#clock.elapsed(), this.#end.signal);
				this.#nextUnidentifiedAt = this.#clock.elapsed() + labelTimings.metricsIntervalMs;
			}

			const result = await this.#readFrom(process);
			if (result.observation) {
				this.#unidentified = process === null ? result.observation : this.#unidentified;
				processCacheFor(this.#cluster).remember(process, {metrics: [result.observation]});
			} else if (result.unavailable.reason !== 'no-response') {
				this.#unavailable = {result, at: this.#clock.now()};
			}

			return result;
		} catch {
			return metricsNotReached;
		} finally {
			this.#pending.delete(process);
		}
	}

	async #readFrom(process: string | null): Promise<ProbeResult<MetricFacts>> {
		const {signal} = this.#end;
		for (let attempt = 0; attempt < maxAttempts; attempt++) {
			const connection = await this.#cluster.connect({signal});
			const cut = () => {
				connection.close();
			};

			signal.addEventListener('abort', cut);
			try {
				const reachedProcess =
					process === null ? null : (await observeConnection(connection, {timeoutMs: labelTimings.sharedProbeTimeoutMs})).process?.facts.id;
				if (reachedProcess === process && connection.usable) {
					return await readApiserverMetrics(connection, process, {signal});
				}
			} finally {
				signal.removeEventListener('abort', cut);
				cut();
			}
		}

		return metricsNotReached;
	}
}

function hasCounts({egressDials, kubeletRequestsDone, logTlsFailures}: MetricFacts): boolean {
	return egressDials.length > 0 || kubeletRequestsDone > 0 || (logTlsFailures ?? 0) > 0;
}

/** Background reads of an apiserver's metrics for a stream that it carries. */
import {isRecent, clockDelay, type Clock} from '../async/clock.ts';
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {observeConnection} from './connection-observations.ts';
import type {MetricFacts, ProbeResult, Observation} from './evidence.ts';
import {processCacheFor} from './process-cache.ts';
import {labelTimings} from './label-timings.ts';
import {readApiserverMetrics} from './probes/apiserver-metrics.ts';
import {needMetrics} from './rules/needs.ts';

/** Maximum connections that are opened to reach the same process behind a load balancer. */
const maxAttempts = 4;

export const metricsNotReached: ProbeResult<MetricFacts> = {
	unavailable: {source: 'metrics', where: 'GET /metrics', reason: 'no-response', need: needMetrics},
};

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

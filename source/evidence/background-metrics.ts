/** What do an apiserver's own counters say of a stream that it carries? Read in the background, and only where nothing cheaper told the route. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {isRecent, clockDelay, type Clock} from './clock.ts';
import {observeConnection} from './connection-observations.ts';
import type {MetricFacts, ProbeResult, Observation} from './evidence.ts';
import {processCacheFor} from './process-cache.ts';
import {labelTimings} from './label-timings.ts';
import {readApiserverMetrics} from './probes/apiserver-metrics.ts';
import {needMetrics} from './rules/needs.ts';

/** Behind a balancer a new connection may end at another process: so many are tried to meet the right one. */
const mostTries = 4;

const notMet: ProbeResult<MetricFacts> = {closed: {source: 'metrics', where: 'GET /metrics', because: 'no-answer', need: needMetrics}};

export class BackgroundMetrics {
	readonly #cluster: ClusterClient;
	readonly #clock: Clock;
	readonly #ending = new AbortController();
	readonly #reading = new Map<string | null, Promise<ProbeResult<MetricFacts>>>();
	#closed: {outcome: ProbeResult<MetricFacts>; at: number} | undefined;
	/** Where processes have no id. */
	#unnamed: Observation<MetricFacts> | undefined;
	#nextUnnamedAt = 0;

	constructor(cluster: ClusterClient, clock: Clock) {
		this.#cluster = cluster;
		this.#clock = clock;
	}

	/**
	Counters of this process, on a connection of their own; `process` is `null` where its id could not be read: the answer may be another's then, and
	comes when it may be asked for again. Many streams of one process share a reading, which is kept with what is known of the process. `openedAt`:
	since when the stream is open, milliseconds since 1970; counters that were at zero before it are read again. Never throws.
	*/
	async read(process: string | null, openedAt: number): Promise<ProbeResult<MetricFacts>> {
		const recent =
			process === null ? this.#unnamedFor(openedAt) : processCacheFor(this.#cluster).recentMetrics(process, labelTimings.betweenCountersMs);
		if (recent && (hasMoved(recent.facts) || Date.parse(recent.time) > openedAt)) {
			return {read: recent};
		}

		if (this.#closed && isRecent(this.#closed.at, labelTimings.countersClosedForMs, this.#clock.now())) {
			return this.#closed.outcome;
		}

		const reading = this.#reading.get(process) ?? this.#readOnce(process);
		this.#reading.set(process, reading);
		return reading;
	}

	/** Cuts what is under way. */
	end(): void {
		this.#ending.abort();
	}

	#unnamedFor(openedAt: number): Observation<MetricFacts> | undefined {
		return this.#unnamed && Date.parse(this.#unnamed.time) > openedAt - labelTimings.unnamedCountersForMs ? this.#unnamed : undefined;
	}

	async #readOnce(process: string | null): Promise<ProbeResult<MetricFacts>> {
		try {
			if (process === null) {
				await clockDelay(this.#clock, this.#nextUnnamedAt - this.#clock.elapsed(), this.#ending.signal);
				this.#nextUnnamedAt = this.#clock.elapsed() + labelTimings.betweenCountersMs;
			}

			const outcome = await this.#ask(process);
			if (outcome.read) {
				this.#unnamed = process === null ? outcome.read : this.#unnamed;
				processCacheFor(this.#cluster).remember(process, {metrics: [outcome.read]});
			} else if (outcome.closed.because !== 'no-answer') {
				this.#closed = {outcome, at: this.#clock.now()};
			}

			return outcome;
		} catch {
			return notMet;
		} finally {
			this.#reading.delete(process);
		}
	}

	async #ask(process: string | null): Promise<ProbeResult<MetricFacts>> {
		const {signal} = this.#ending;
		for (let tries = 0; tries < mostTries; tries++) {
			const connection = await this.#cluster.connect({signal});
			const cut = () => {
				connection.close();
			};

			signal.addEventListener('abort', cut);
			try {
				const met = process === null ? null : (await observeConnection(connection, {limitMs: labelTimings.readBesideMs})).process?.facts.id;
				if (met === process && connection.usable) {
					return await readApiserverMetrics(connection, process, {signal});
				}
			} finally {
				signal.removeEventListener('abort', cut);
				cut();
			}
		}

		return notMet;
	}
}

/** The process has reached something behind it, so that its counters say by which way. */
function hasMoved({egressDials, kubeletRequestsDone, logTlsFailures}: MetricFacts): boolean {
	return egressDials.length > 0 || kubeletRequestsDone > 0 || (logTlsFailures ?? 0) > 0;
}

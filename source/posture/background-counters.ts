/** What do an apiserver's own counters say of a stream that it carries? Read in the background, and only where nothing cheaper told the route. */
import {setTimeout as delay} from 'node:timers/promises';
import type {ClusterAccess} from '../cluster/cluster-access.ts';
import {readBeforeUse} from './connection-readings.ts';
import type {MetricFacts, Outcome, Reading} from './evidence.ts';
import {knownProcesses} from './known-processes.ts';
import {readApiserverMetrics} from './probes/apiserver-metrics.ts';
import {needMetrics} from './rules/needs.ts';

/** Megabytes on a large cluster: asked of one process at most so often. */
const betweenReadsMs = 60_000;

/** Where processes have no id, counters may be another's since: a stream that opens later than this gets them read again. */
const unnamedForMs = 10_000;

/** Counters that may not be read, or are not served, are not asked for again before this has passed. */
const closedForMs = 5 * 60_000;

/** Behind a balancer a new connection may end at another process: so many are tried to meet the right one. */
const mostTries = 4;

const smallReadMs = 2000;

const notMet: Outcome<MetricFacts> = {closed: {source: 'metrics', where: 'GET /metrics', because: 'no-answer', need: needMetrics}};

export class BackgroundCounters {
	readonly #cluster: ClusterAccess;
	readonly #ending = new AbortController();
	readonly #reading = new Map<string | null, Promise<Outcome<MetricFacts>>>();
	readonly #betweenReadsMs: number;
	#closed: {outcome: Outcome<MetricFacts>; until: number} | undefined;
	/** Where processes have no id. */
	#unnamed: Reading<MetricFacts> | undefined;
	#nextUnnamedAt = 0;

	constructor(cluster: ClusterAccess, options: {betweenReadsMs?: number} = {}) {
		this.#cluster = cluster;
		this.#betweenReadsMs = options.betweenReadsMs ?? betweenReadsMs;
	}

	/**
	Counters of this process, on a connection of their own; `process` is `null` where its id could not be read: the answer may be another's then, and
	comes when it may be asked for again. Many streams of one process share a reading, which is kept with what is known of the process. `openedAt`:
	since when the stream is open, milliseconds since 1970; counters that were at zero before it are read again. Never throws.
	*/
	async read(process: string | null, openedAt: number): Promise<Outcome<MetricFacts>> {
		const recent = process === null ? this.#unnamedFor(openedAt) : knownProcesses(this.#cluster).recentMetrics(process, this.#betweenReadsMs);
		if (recent && (hasMoved(recent.facts) || Date.parse(recent.time) > openedAt)) {
			return {read: recent};
		}

		if (this.#closed && this.#closed.until > Date.now()) {
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

	#unnamedFor(openedAt: number): Reading<MetricFacts> | undefined {
		return this.#unnamed && Date.parse(this.#unnamed.time) > openedAt - unnamedForMs ? this.#unnamed : undefined;
	}

	async #readOnce(process: string | null): Promise<Outcome<MetricFacts>> {
		try {
			if (process === null) {
				await delay(Math.max(0, this.#nextUnnamedAt - performance.now()), undefined, {signal: this.#ending.signal, ref: false});
				this.#nextUnnamedAt = performance.now() + this.#betweenReadsMs;
			}

			const outcome = await this.#ask(process);
			if (outcome.read) {
				this.#unnamed = process === null ? outcome.read : this.#unnamed;
				knownProcesses(this.#cluster).remember(process, {metrics: [outcome.read]});
			} else if (outcome.closed.because !== 'no-answer') {
				this.#closed = {outcome, until: Date.now() + closedForMs};
			}

			return outcome;
		} catch {
			return notMet;
		} finally {
			this.#reading.delete(process);
		}
	}

	async #ask(process: string | null): Promise<Outcome<MetricFacts>> {
		const {signal} = this.#ending;
		for (let tries = 0; tries < mostTries; tries++) {
			const connection = await this.#cluster.connect({signal});
			const cut = () => {
				connection.close();
			};

			signal.addEventListener('abort', cut);
			try {
				const met = process === null ? null : (await readBeforeUse(connection, {limitMs: smallReadMs})).process?.facts.id;
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

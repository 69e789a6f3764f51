/** What labels read: before the use of each connection, and shared by connections that open together. */
import {isRecent, clockDelay, type Clock, afterTurns} from '../base/async/clock.ts';
import type {ClusterClient, Connection} from '../cluster/cluster-client.ts';
import {
	noClusterObservations,
	observeCluster,
	observeFreshConnection,
	observeConnection,
	noConnectionObservations,
	socketObservation,
} from './connection-observations.ts';
import type {
	ClusterObservations,
	ConnectionObservations,
	MetricFacts,
	ProbeResult,
	Observation,
	UnavailableSource,
	UserInfo,
} from './evidence.ts';
import {labelTimings} from './label-timings.ts';
import {processCacheFor} from './process-cache.ts';
import {readApiserverMetrics} from './probes/apiserver-metrics.ts';
import {needMetrics, needFlagz} from './rules/needs.ts';
import {pipelined} from './probes/probe-request.ts';
import {readUserInfo} from './probes/access.ts';
import {readClusterCa} from './probes/apiserver-replicas.ts';

type SharedRead = {requestedAt: number; hasStarted: boolean; pending: Promise<ClusterObservations>};

export class SharedProbe {
	readonly #cluster: ClusterClient;
	readonly #clock: Clock;
	#shared: SharedRead | undefined;
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

	#startShared(waitMs: number): SharedRead {
		const requestedAt = this.#clock.now();
		const entry: SharedRead = {
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

/** Observations on each connection before its use. */
const noResponse: UnavailableSource = {source: 'flagz', where: 'GET /flagz', reason: 'no-response', need: needFlagz};

/** `at`: in ms since 1970; without it the next connection tries again. */
type UnavailableFlags = {unavailable: UnavailableSource; foreignHeaders: readonly string[]; isSilent: boolean; at?: number};

/** How early a timer can fire. */
const timerEarlyMs = 1;

/** Observes each connection before its use. */
export class PreUseProbe {
	readonly #cluster: ClusterClient;
	readonly #clock: Clock;
	readonly #started = new WeakMap<Connection, Promise<ConnectionObservations>>();
	readonly #observed = new WeakSet<Connection>();
	readonly #unavailableCas = new Map<string, {unavailable: UnavailableSource; at: number}>();
	#unavailableFlags: UnavailableFlags | undefined;
	/** When the user could not be read, in ms since 1970. */
	#userUnavailableAt: number | undefined;

	constructor(cluster: ClusterClient, clock: Clock) {
		this.#cluster = cluster;
		this.#clock = clock;
	}

	hasObserved(connection: Connection): boolean {
		return this.#observed.has(connection);
	}

	/** The last connection gave no response in time, so another one may. */
	get isSilent(): boolean {
		return this.#unavailableFlags?.isSilent === true;
	}

	get unavailableCas(): readonly UnavailableSource[] {
		return [...this.#unavailableCas.values()].map(({unavailable}) => unavailable);
	}

	/** Of a connection on which nothing was read: repeats the refusal that another connection got. */
	fallbackFor(connection: Connection): ConnectionObservations {
		const {foreignHeaders = [], unavailable} = this.#unavailableFlags ?? {};
		return {
			...noConnectionObservations,
			socket: socketObservation(connection),
			foreignHeaders,
			unavailable: unavailable ? [unavailable] : [],
		};
	}

	/** Sends its requests in this turn, and once for each connection. */
	async start(connection: Connection): Promise<ConnectionObservations> {
		const started = this.#started.get(connection) ?? this.#read(connection);
		this.#started.set(connection, started);
		return started;
	}

	async #read(connection: Connection): Promise<ConnectionObservations> {
		const pending = this.#isUnavailable(this.#unavailableFlags) ? null : this.#readFlags(connection);
		const user = this.#readUser(connection);
		const ca = this.#readCa(connection, this.#cluster.facts.namespace);
		const observations = (await pending) ?? this.fallbackFor(connection);
		await ca;
		return {...observations, user: await user};
	}

	/** A timeout closes the connection, so that no late response is taken for the stream's. */
	async observe(connection: Connection, namespace: string | null = null): Promise<ConnectionObservations> {
		const callOff = afterTurns(this.#clock, labelTimings.preUseTimeoutMs, () => {
			connection.close();
		});
		const observations = await this.start(connection);
		if (
			namespace !== null &&
			namespace !== this.#cluster.facts.namespace &&
			processCacheFor(this.#cluster).ca === null &&
			connection.usable
		) {
			// The user may be able to read more in the stream's namespace than in the context's.
			await this.#readCa(connection, namespace);
		}

		callOff();
		return observations;
	}

	async #readFlags(connection: Connection): Promise<ConnectionObservations> {
		const started = this.#clock.elapsed();
		this.#observed.add(connection);
		const observations = await observeConnection(connection, {timeoutMs: labelTimings.preUseTimeoutMs, user: false});
		const silent = !connection.usable;
		const [unavailable = silent ? noResponse : undefined] = observations.unavailable;
		this.#unavailableFlags =
			unavailable && !this.#wasLost(connection, started)
				? {unavailable, foreignHeaders: observations.foreignHeaders, isSilent: silent, at: this.#clock.now()}
				: undefined;
		return observations;
	}

	/** Only a response on the same connection shows whether it ends at the apiserver. */
	async #readUser(connection: Connection): Promise<UserInfo | null> {
		if (
			isRecent(this.#userUnavailableAt, labelTimings.unavailableForMs, this.#clock.now()) ||
			connection.facts.clientCertificateSha256 === null
		) {
			return null;
		}

		const started = this.#clock.elapsed();
		const user = await readUserInfo(connection, labelTimings.preUseTimeoutMs);
		this.#userUnavailableAt = user === null && !this.#wasLost(connection, started) ? this.#clock.now() : undefined;
		this.#noteSilence(connection);
		return user;
	}

	/** Before the timeout, by an apiserver that shuts down: this says nothing about the next connection. */
	#wasLost(connection: Connection, started: number): boolean {
		return !connection.usable && this.#clock.elapsed() - started < labelTimings.preUseTimeoutMs - timerEarlyMs;
	}

	/** The stream loses these flags; they are read on another connection. */
	#noteSilence(connection: Connection): void {
		if (!connection.usable) {
			this.#unavailableFlags ??= {unavailable: noResponse, foreignHeaders: [], isSilent: true};
		}
	}

	/**
	On the same connection, so that even a stream that fails at once is known to have reached an apiserver or a gateway. Only if the cached
	CA does not decide that, so usually once.
	*/
	async #readCa(connection: Connection, namespace: string): Promise<void> {
		const known = processCacheFor(this.#cluster);
		const chain = connection.facts.tls?.peer?.chainSpkiSha256 ?? [];
		if (chain.some(hash => known.ca?.spkiSha256.includes(hash)) || this.#isUnavailable(this.#unavailableCas.get(namespace))) {
			return;
		}

		const {observation, unavailable} = await readClusterCa(pipelined(connection), namespace, labelTimings.preUseTimeoutMs);
		if (observation) {
			known.ca = observation.facts;
			return;
		}

		this.#unavailableCas.set(namespace, {unavailable, at: this.#clock.now()});
		this.#noteSilence(connection);
	}

	#isUnavailable(what: {at?: number} | undefined): boolean {
		return isRecent(what?.at, labelTimings.unavailableForMs, this.#clock.now());
	}
}

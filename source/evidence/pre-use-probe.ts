/** Observations on each connection before its use. */
import {afterTurns, isRecent, type Clock} from '../async/clock.ts';
import type {ClusterClient, Connection} from '../cluster/cluster-client.ts';
import {noConnectionObservations, observeConnection, socketObservation} from './connection-observations.ts';
import type {ConnectionObservations, UnavailableSource, UserInfo} from './evidence.ts';
import {processCacheFor} from './process-cache.ts';
import {labelTimings} from './label-timings.ts';
import {pipelined} from './probes/probe-request.ts';
import {readUserInfo} from './probes/access.ts';
import {readClusterCa} from './probes/apiserver-replicas.ts';
import {needFlagz} from './rules/needs.ts';

const noResponse: UnavailableSource = {source: 'flagz', where: 'GET /flagz', reason: 'no-response', need: needFlagz};

/** `at`: in ms since 1970; without it the next connection tries again. */
type UnavailableFlags = {unavailable: UnavailableSource; foreignHeaders: readonly string[]; isSilent: boolean; at?: number};

/** How early a timer can fire. */
const timerEarlyMs = 1;

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
		// A connection lost before the timeout, by an apiserver that shuts down, says nothing about the next one.
		const lost = silent && this.#clock.elapsed() - started < labelTimings.preUseTimeoutMs - timerEarlyMs;
		this.#unavailableFlags =
			unavailable && !lost
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
		const user = await readUserInfo(connection, {timeoutMs: labelTimings.preUseTimeoutMs});
		const lost = !connection.usable && this.#clock.elapsed() - started < labelTimings.preUseTimeoutMs - timerEarlyMs;
		this.#userUnavailableAt = user === null && !lost ? this.#clock.now() : undefined;
		if (!connection.usable) {
			this.#unavailableFlags ??= {unavailable: noResponse, foreignHeaders: [], isSilent: true};
		}

		return user;
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

		const {observation, unavailable} = await readClusterCa(pipelined(connection), namespace, {timeoutMs: labelTimings.preUseTimeoutMs});
		if (observation) {
			known.ca = observation.facts;
			return;
		}

		this.#unavailableCas.set(namespace, {unavailable, at: this.#clock.now()});
		if (!connection.usable) {
			// The stream loses these flags; they are read on another connection.
			this.#unavailableFlags ??= {unavailable: noResponse, foreignHeaders: [], isSilent: true};
		}
	}

	#isUnavailable(what: {at?: number} | undefined): boolean {
		return isRecent(what?.at, labelTimings.unavailableForMs, this.#clock.now());
	}
}

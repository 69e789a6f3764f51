/** What is read on a connection before its use, for the labels of one cluster: how long a stream waits for it, and how often it is asked. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import type {Connection} from '../cluster/connection.ts';
import {isRecent, type Clock} from './clock.ts';
import {noConnectionObservations, observeConnection, type ConnectionObservations} from './connection-observations.ts';
import type {UnavailableSource, UserInfo} from './evidence.ts';
import {processCacheFor} from './process-cache.ts';
import {labelTimings} from './label-timings.ts';
import {pipelined} from './probes/probe-request.ts';
import {readUserInfo} from './probes/client-certificate.ts';
import {readClusterCa} from './probes/cluster-ca.ts';
import {needFlagz} from './rules/needs.ts';

const noResponse: UnavailableSource = {source: 'flagz', where: 'GET /flagz', reason: 'no-response', need: needFlagz};

/** `at`: when, milliseconds since 1970; left out, it keeps nobody from asking again. */
type UnavailableFlags = {unavailable: UnavailableSource; foreignHeaders: readonly string[]; isSilent: boolean; at?: number};

/** A timer may fire so much before its time. */
const timerEarlyMs = 1;

export class PreUseProbe {
	readonly #cluster: ClusterClient;
	readonly #clock: Clock;
	readonly #observations = new WeakMap<Connection, Promise<ConnectionObservations>>();
	readonly #users = new WeakMap<Connection, Promise<UserInfo | null>>();
	readonly #cas = new WeakMap<Connection, Promise<void>>();
	/** Where the cluster's authority could not be read, by namespace. */
	readonly #unavailableCas = new Map<string, {unavailable: UnavailableSource; at: number}>();
	#unavailableFlags: UnavailableFlags | undefined;
	/** When no apiserver said who we are, milliseconds since 1970. */
	#userUnavailableAt: number | undefined;

	constructor(cluster: ClusterClient, clock: Clock) {
		this.#cluster = cluster;
		this.#clock = clock;
	}

	/** Whether this very connection was asked. */
	hasObserved(connection: Connection): boolean {
		return this.#observations.has(connection);
	}

	/** Not one word came in time on the connection that was asked last, so that another one may have better luck. */
	get isSilent(): boolean {
		return this.#unavailableFlags?.isSilent === true;
	}

	/** Why the authority that the cluster gives its pods could not be read, wherever it was asked for. */
	get unavailableCas(): readonly UnavailableSource[] {
		return [...this.#unavailableCas.values()].map(({unavailable}) => unavailable);
	}

	/** Of a connection that nothing was read on. */
	get fallback(): ConnectionObservations {
		return this.#unavailableFlags
			? {
					...noConnectionObservations,
					foreignHeaders: this.#unavailableFlags.foreignHeaders,
					unavailable: [this.#unavailableFlags.unavailable],
				}
			: noConnectionObservations;
	}

	/** Asks on a connection that was just made, so that less is to be waited for before its use. */
	async start(connection: Connection): Promise<ConnectionObservations> {
		const pending = this.#isUnavailable(this.#unavailableFlags) ? null : this.#readFlags(connection);
		const user = this.#userOf(connection);
		const ca = this.#cas.get(connection) ?? this.#readCa(connection, this.#cluster.facts.namespace);
		this.#cas.set(connection, ca);
		const observations = (await pending) ?? this.fallback;
		await ca;
		return {...observations, user: await user};
	}

	/** The same, waited for. What does not come in time takes the connection along, so that nothing of it is read as an answer to the stream. */
	async observe(connection: Connection, namespace: string | null = null): Promise<ConnectionObservations> {
		let isRead = false;
		const callOff = this.#clock.after(labelTimings.preUseTimeoutMs, () => {
			// What has arrived by now is read first: it was in time, and only we were busy.
			setImmediate(() => {
				if (!isRead) {
					connection.close();
				}
			});
		});
		const read = await (this.#observations.get(connection) ?? this.start(connection));
		const observations = {...read, user: await this.#userOf(connection)};
		await this.#cas.get(connection);
		if (
			namespace !== null &&
			namespace !== this.#cluster.facts.namespace &&
			processCacheFor(this.#cluster).ca === null &&
			connection.usable
		) {
			// Where the stream goes the user may read more than where the kubeconfig points.
			await this.#readCa(connection, namespace);
		}

		isRead = true;
		callOff();
		return observations;
	}

	async #readFlags(connection: Connection): Promise<ConnectionObservations> {
		const started = this.#clock.elapsed();
		const pending = observeConnection(connection, {timeoutMs: labelTimings.preUseTimeoutMs, user: false});
		this.#observations.set(connection, pending);
		const observations = await pending;
		const silent = !connection.usable;
		const [unavailable = silent ? noResponse : undefined] = observations.unavailable;
		// One that was lost before its time was up, by an apiserver that ends, says nothing about the next one.
		const lost = silent && this.#clock.elapsed() - started < labelTimings.preUseTimeoutMs - timerEarlyMs;
		this.#unavailableFlags =
			unavailable && !lost
				? {unavailable, foreignHeaders: observations.foreignHeaders, isSilent: silent, at: this.#clock.now()}
				: undefined;
		return observations;
	}

	/** Asked behind the flags on the same connection: only there does it tell whether the connection ends at the apiserver. */
	async #userOf(connection: Connection): Promise<UserInfo | null> {
		const pending = this.#users.get(connection) ?? this.#readUser(connection);
		this.#users.set(connection, pending);
		return pending;
	}

	async #readUser(connection: Connection): Promise<UserInfo | null> {
		if (isRecent(this.#userUnavailableAt, labelTimings.unavailableForMs, this.#clock.now()) || connection.facts.clientCertificateSha256 === null) {
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
	Asked behind the flags on the same connection, so that also a stream that fails at once is known to have met an apiserver or a gateway. Only where
	what is known does not tell: most often once.
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
			// The flags that came on it are lost to the stream, and are read on another connection.
			this.#unavailableFlags ??= {unavailable: noResponse, foreignHeaders: [], isSilent: true};
		}
	}

	#isUnavailable(what: {at?: number} | undefined): boolean {
		return isRecent(what?.at, labelTimings.unavailableForMs, this.#clock.now());
	}
}

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

const noAnswer: UnavailableSource = {source: 'flagz', where: 'GET /flagz', because: 'no-answer', need: needFlagz};

/** `at`: when, milliseconds since 1970; left out, it keeps nobody from asking again. */
type FlagsClosed = {closed: UnavailableSource; foreignHeaders: readonly string[]; silent: boolean; at?: number};

/** A timer may fire so much before its time. */
const timerEarlyMs = 1;

export class PreUseProbe {
	readonly #cluster: ClusterClient;
	readonly #clock: Clock;
	readonly #readAhead = new WeakMap<Connection, Promise<ConnectionObservations>>();
	readonly #userAhead = new WeakMap<Connection, Promise<UserInfo | null>>();
	readonly #authorityAhead = new WeakMap<Connection, Promise<void>>();
	/** Where the cluster's authority could not be read, by namespace. */
	readonly #authorityClosed = new Map<string, {closed: UnavailableSource; at: number}>();
	#flagsClosed: FlagsClosed | undefined;
	/** When no apiserver said who we are, milliseconds since 1970. */
	#userClosedAt: number | undefined;

	constructor(cluster: ClusterClient, clock: Clock) {
		this.#cluster = cluster;
		this.#clock = clock;
	}

	/** Whether this very connection was asked. */
	asked(connection: Connection): boolean {
		return this.#readAhead.has(connection);
	}

	/** Not one word came in time on the connection that was asked last, so that another one may have better luck. */
	get isSilent(): boolean {
		return this.#flagsClosed?.silent === true;
	}

	/** Why the authority that the cluster gives its pods could not be read, wherever it was asked for. */
	get authorityClosed(): readonly UnavailableSource[] {
		return [...this.#authorityClosed.values()].map(({closed}) => closed);
	}

	/** Of a connection that nothing was read on. */
	get unanswered(): ConnectionObservations {
		return this.#flagsClosed
			? {...noConnectionObservations, foreignHeaders: this.#flagsClosed.foreignHeaders, closed: [this.#flagsClosed.closed]}
			: noConnectionObservations;
	}

	/** Asks on a connection that was just made, so that less is to be waited for before its use. */
	async ahead(connection: Connection): Promise<ConnectionObservations> {
		const reading = this.#isClosed(this.#flagsClosed) ? null : this.#readFlags(connection);
		const user = this.#readUser(connection);
		const authority = this.#authorityAhead.get(connection) ?? this.#readAuthority(connection, this.#cluster.facts.namespace);
		this.#authorityAhead.set(connection, authority);
		const readings = (await reading) ?? this.unanswered;
		await authority;
		return {...readings, user: await user};
	}

	/** The same, waited for. What does not come in time takes the connection along, so that nothing of it is read as an answer to the stream. */
	async read(connection: Connection, namespace: string | null = null): Promise<ConnectionObservations> {
		let isRead = false;
		const callOff = this.#clock.after(labelTimings.beforeUseMs, () => {
			// What has arrived by now is read first: it was in time, and only we were busy.
			setImmediate(() => {
				if (!isRead) {
					connection.close();
				}
			});
		});
		const read = await (this.#readAhead.get(connection) ?? this.ahead(connection));
		const readings = {...read, user: await this.#readUser(connection)};
		await this.#authorityAhead.get(connection);
		if (
			namespace !== null &&
			namespace !== this.#cluster.facts.namespace &&
			processCacheFor(this.#cluster).authority === null &&
			connection.usable
		) {
			// Where the stream goes the user may read more than where the kubeconfig points.
			await this.#readAuthority(connection, namespace);
		}

		isRead = true;
		callOff();
		return readings;
	}

	async #readFlags(connection: Connection): Promise<ConnectionObservations> {
		const started = this.#clock.elapsed();
		const reading = observeConnection(connection, {limitMs: labelTimings.beforeUseMs, user: false});
		this.#readAhead.set(connection, reading);
		const readings = await reading;
		const silent = !connection.usable;
		const [closed = silent ? noAnswer : undefined] = readings.closed;
		// One that was lost before its time was up, by an apiserver that ends, says nothing about the next one.
		const lost = silent && this.#clock.elapsed() - started < labelTimings.beforeUseMs - timerEarlyMs;
		this.#flagsClosed = closed && !lost ? {closed, foreignHeaders: readings.foreignHeaders, silent, at: this.#clock.now()} : undefined;
		return readings;
	}

	/** Asked behind the flags on the same connection: only there does it tell whether the connection ends at the apiserver. */
	async #readUser(connection: Connection): Promise<UserInfo | null> {
		const asked = this.#userAhead.get(connection) ?? this.#askUser(connection);
		this.#userAhead.set(connection, asked);
		return asked;
	}

	async #askUser(connection: Connection): Promise<UserInfo | null> {
		if (isRecent(this.#userClosedAt, labelTimings.closedForMs, this.#clock.now()) || connection.facts.clientCertificateSha256 === null) {
			return null;
		}

		const started = this.#clock.elapsed();
		const user = await readUserInfo(connection, {timeoutMs: labelTimings.beforeUseMs});
		const lost = !connection.usable && this.#clock.elapsed() - started < labelTimings.beforeUseMs - timerEarlyMs;
		this.#userClosedAt = user === null && !lost ? this.#clock.now() : undefined;
		if (!connection.usable) {
			this.#flagsClosed ??= {closed: noAnswer, foreignHeaders: [], silent: true};
		}

		return user;
	}

	/**
	Asked behind the flags on the same connection, so that also a stream that fails at once is known to have met an apiserver or a gateway. Only where
	what is known does not tell: most often once.
	*/
	async #readAuthority(connection: Connection, namespace: string): Promise<void> {
		const known = processCacheFor(this.#cluster);
		const chain = connection.facts.tls?.peer?.chainSpkiSha256 ?? [];
		if (chain.some(hash => known.authority?.spkiSha256.includes(hash)) || this.#isClosed(this.#authorityClosed.get(namespace))) {
			return;
		}

		const {read, closed} = await readClusterCa(pipelined(connection), namespace, {timeoutMs: labelTimings.beforeUseMs});
		if (read) {
			known.authority = read.facts;
			return;
		}

		this.#authorityClosed.set(namespace, {closed, at: this.#clock.now()});
		if (!connection.usable) {
			// The flags that came on it are lost to the stream, and are read on another connection.
			this.#flagsClosed ??= {closed: noAnswer, foreignHeaders: [], silent: true};
		}
	}

	#isClosed(what: {at?: number} | undefined): boolean {
		return isRecent(what?.at, labelTimings.closedForMs, this.#clock.now());
	}
}

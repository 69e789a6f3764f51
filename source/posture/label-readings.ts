/** What is read for the labels of one cluster: on a connection before its use, and beside it afterwards; how long it is waited for, and how often it is asked. */
import type {ClusterAccess} from '../cluster/cluster-access.ts';
import type {Connection} from '../cluster/connection.ts';
import {nothingRead, readBeforeUse, readOnFreshConnection, type ConnectionReadings} from './connection-readings.ts';
import type {Closed} from './evidence.ts';
import {knownProcesses} from './known-processes.ts';
import {atOnce} from './probes/ask.ts';
import {readClusterAuthority} from './probes/cluster-authority.ts';
import {needFlagz} from './rules/needs.ts';
import {nothingShared, readShared, type SharedReadings} from './shared-readings.ts';

/** A stream waits no longer than this for what is read on its connection. */
const beforeUseLimitMs = 300;

/** Flags that may not be read, are not served or do not come are not asked for again before this has passed: the next connection may end at an apiserver that serves them. */
export const closedForMs = 10_000;

/** What was read beside connections is not used for a connection that is opened later than this: an apiserver of which none of ours ended may be another since. */
export const sharedForMs = 10_000;

/** How long a reading may take that no stream waits for. */
const lateLimitMs = 2000;

/** What is read beside the connections is read at most so often. */
const betweenReadsMs = 1000;

/** The stream's first bytes are printed before anything is read beside it. */
const afterOpeningMs = 20;

const noAnswer: Closed = {source: 'flagz', where: 'GET /flagz', because: 'no-answer', need: needFlagz};

export class LabelReadings {
	readonly #cluster: ClusterAccess;
	readonly #readAhead = new WeakMap<Connection, Promise<ConnectionReadings>>();
	readonly #authorityAhead = new WeakMap<Connection, Promise<void>>();
	/** Where the cluster's authority could not be read, by namespace. */
	readonly #authorityClosed = new Map<string, {closed: Closed; until: number}>();
	#shared: Promise<SharedReadings> | undefined;
	#late: Promise<ConnectionReadings | null> | undefined;
	#sharedUntil = 0;
	#lateUntil = 0;
	#nextReadAt = 0;
	/** `silent`: not one word came in time, so that another connection may have better luck. */
	#flagsClosed: {closed: Closed; foreignHeaders: readonly string[]; silent: boolean; until: number} | undefined;
	#ended = false;

	constructor(cluster: ClusterAccess) {
		this.#cluster = cluster;
	}

	/** When what is read beside connections was last asked for; `Date.now()`. */
	get sharedAt(): number {
		return this.#sharedUntil - sharedForMs;
	}

	/** Whether this very connection was asked. */
	asked(connection: Connection): boolean {
		return this.#readAhead.has(connection);
	}

	/** Why the authority that the cluster gives its pods could not be read, wherever it was asked for. */
	get authorityClosed(): readonly Closed[] {
		return [...this.#authorityClosed.values()].map(({closed}) => closed);
	}

	/** Of a connection that nothing was read on. */
	get unanswered(): ConnectionReadings {
		return this.#flagsClosed ? {...nothingRead, foreignHeaders: this.#flagsClosed.foreignHeaders, closed: [this.#flagsClosed.closed]} : nothingRead;
	}

	/** Asks on a connection that was just made, so that less is to be waited for before its use. */
	async ahead(connection: Connection): Promise<ConnectionReadings> {
		const isClosed = runs(this.#flagsClosed?.until);
		const reading = isClosed ? null : this.#readFlags(connection);
		const authority = this.#authorityAhead.get(connection) ?? this.#readAuthority(connection, this.#cluster.facts.namespace);
		this.#authorityAhead.set(connection, authority);
		const readings = await reading;
		await authority;
		return readings ?? this.unanswered;
	}

	async #readFlags(connection: Connection): Promise<ConnectionReadings> {
		const started = performance.now();
		const reading = readBeforeUse(connection, {limitMs: beforeUseLimitMs});
		this.#readAhead.set(connection, reading);
		const readings = await reading;
		const silent = !connection.usable;
		const [closed = silent ? noAnswer : undefined] = readings.closed;
		// One that was lost before its time was up, by an apiserver that ends, says nothing about the next one.
		const lost = silent && performance.now() - started < beforeUseLimitMs;
		this.#flagsClosed = closed && !lost ? {closed, foreignHeaders: readings.foreignHeaders, silent, until: Date.now() + closedForMs} : undefined;
		return readings;
	}

	/**
	Asked behind the flags on the same connection, so that also a stream that fails at once is known to have met an apiserver or a gateway. Only where
	what is known does not tell: most often once.
	*/
	async #readAuthority(connection: Connection, namespace: string): Promise<void> {
		const known = knownProcesses(this.#cluster);
		const chain = connection.facts.tls?.peer?.chainSpkiSha256 ?? [];
		if (chain.some(hash => known.authority?.spkiSha256.includes(hash)) || runs(this.#authorityClosed.get(namespace)?.until)) {
			return;
		}

		const {read, closed} = await readClusterAuthority(atOnce(connection), namespace, {timeoutMs: beforeUseLimitMs});
		if (read) {
			known.authority = read.facts;
			return;
		}

		this.#authorityClosed.set(namespace, {closed, until: Date.now() + closedForMs});
		if (!connection.usable) {
			// The flags that came on it are lost to the stream, and are read on another connection.
			this.#flagsClosed ??= {closed: noAnswer, foreignHeaders: [], silent: true, until: 0};
		}
	}

	/** The same, waited for. What does not come in time takes the connection along, so that nothing of it is read as an answer to the stream. */
	async beforeUse(connection: Connection, namespace: string | null = null): Promise<ConnectionReadings> {
		let read = false;
		const limit = setTimeout(() => {
			// What has arrived by now is read first: it was in time, and only we were busy.
			setImmediate(() => {
				if (!read) {
					connection.close();
				}
			});
		}, beforeUseLimitMs);
		const readings = await (this.#readAhead.get(connection) ?? this.ahead(connection));
		await this.#authorityAhead.get(connection);
		if (namespace !== null && namespace !== this.#cluster.facts.namespace && knownProcesses(this.#cluster).authority === null && connection.usable) {
			// Where the stream goes the user may read more than where the kubeconfig points.
			await this.#readAuthority(connection, namespace);
		}

		read = true;
		clearTimeout(limit);
		return readings;
	}

	/** Many connections that come and go in a burst share a reading, and wait for it rather than take an old one. */
	async beside(): Promise<SharedReadings> {
		if (!this.#shared || !runs(this.#sharedUntil)) {
			this.#sharedUntil = Date.now() + sharedForMs;
			const waitMs = Math.max(afterOpeningMs, this.#nextReadAt - performance.now());
			this.#nextReadAt = performance.now() + waitMs + betweenReadsMs;
			this.#shared = pause(waitMs).then(async () => this.#ended ? nothingShared : readShared(this.#cluster));
		}

		return this.#shared;
	}

	/** What a connection itself did not answer in time, from another one: worth less, and better than nothing. */
	async late(readings: ConnectionReadings): Promise<ConnectionReadings | null> {
		return readings.flags || this.#flagsClosed?.silent !== true ? null : this.elsewhere();
	}

	/** The same, whatever was answered before. */
	async elsewhere(): Promise<ConnectionReadings | null> {
		if (!this.#late || !runs(this.#lateUntil)) {
			this.#lateUntil = Date.now() + sharedForMs;
			this.#late = readOnFreshConnection(this.#cluster, {limitMs: lateLimitMs});
		}

		const reading = this.#late;
		const late = await reading;
		// Nothing read is nothing to keep for the next one.
		if (!late?.flags && this.#late === reading) {
			this.#late = undefined;
		}

		return late;
	}

	/** A connection that ended may have been the apiserver's end: what was read beside it is not used for the next ones. */
	forget(): void {
		this.#shared = undefined;
		this.#late = undefined;
	}

	end(): void {
		this.#ended = true;
	}
}

/** A time is not over, nor longer than any is: a clock that was set back makes nothing last. */
function runs(until = 0): boolean {
	const left = until - Date.now();
	return left > 0 && left <= Math.max(closedForMs, sharedForMs);
}

/** Milliseconds; holds no process open. */
export async function pause(ms: number): Promise<void> {
	if (ms > 0) {
		await new Promise(resolve => {
			setTimeout(resolve, ms).unref();
		});
	}
}

/** Pool of idle keep-alive connections. */
import {finished} from 'node:stream';
import {abortableDelay, rejectOnAbort, monotonicMs} from '../base/async/clock.ts';
import {isSpokeError} from '../base/errors/spoke-error.ts';
import type {ApiResponse, RequestOptions} from './cluster-client.ts';
import {
	type ApiserverConnection,
	type ConnectionConfig,
	createConnection,
	createHttp1Connection,
	dialApiserver,
	type DialedSocket,
	type OnReleased,
} from './apiserver-connection.ts';
import {isReplayable} from './transport/exchange.ts';
import {noop} from './transport/dial-tcp.ts';
import {canSendAgain} from './error-from-response.ts';
import {maxRetries, maxRetryAfterMs, retryAfterMs} from './transport/response-body.ts';
import {Http2Client, type Http2Connection, type Http2Peer, maxClients, openHttp2} from './transport/http2-connection.ts';
import {peerNameOf} from './transport/open-socket.ts';

const maxIdleConnections = 8;
const idleTimeoutMs = 60_000;

/** A server may close a longer idle connection. */
const recentUseMs = 1000;

type SharedConnection = {http2: Http2Connection; dialed: DialedSocket};
/** `opened`: `null` if the server does not support HTTP/2. */
type Opening = {opened: Promise<SharedConnection | null>; abort: AbortController; waiters: number};

/** An opened connection that nothing uses is closed after this time. */
const unusedTimeoutMs = 1000;

export class ConnectionPool {
	readonly #open: (signal?: AbortSignal) => Promise<ApiserverConnection>;
	/** By streams. */
	readonly #released = new WeakSet<ApiserverConnection>();
	readonly #idle = new Map<ApiserverConnection, {timer: NodeJS.Timeout; since: number}>();
	/** For the first request. */
	#early: Promise<ApiserverConnection> | undefined;
	#closed = false;

	constructor(open: (signal?: AbortSignal) => Promise<ApiserverConnection>) {
		this.#open = open;
	}

	/** Connects before the first request, which gets the error if that fails. */
	connectEarly(): void {
		this.#early = this.#open();
		this.#early.catch(noop);
	}

	/** Honors Retry-After if the request is replayable, unless told otherwise. */
	async request(options: RequestOptions): Promise<ApiResponse> {
		for (let attempt = 0; ; attempt++) {
			const {response, isOutdated} = await this.#requestOnce(options);
			if (isOutdated && attempt === 0 && canSendAgain(options.path, options)) {
				// A new connection presents the renewed client certificate.
				response.body.resume();
				continue;
			}

			const isRepeated = (options.shouldHonorRetryAfter ?? true) && attempt < maxRetries && isReplayable(options);
			const retryInMs = isRepeated ? retryAfterMs(response) : null;
			if (retryInMs === null || retryInMs > maxRetryAfterMs) {
				return response;
			}

			response.body.resume();
			await abortableDelay(retryInMs, options.signal);
		}
	}

	close(): void {
		this.#closed = true;
		for (const connection of this.#idle.keys()) {
			this.#drop(connection);
		}

		this.#closeEarly();
	}

	/** Saves a handshake. `canReuseReleased`: also one that a stream has released. */
	async acquireRecent({
		canReuseReleased = false,
		signal,
	}: {
		canReuseReleased?: boolean | undefined;
		signal?: AbortSignal | undefined;
	}): Promise<ApiserverConnection | undefined> {
		const [connection, idle] = [...this.#idle].findLast(([candidate]) => canReuseReleased || !this.#released.has(candidate)) ?? [];
		return connection && monotonicMs() - idle!.since <= recentUseMs && (await this.#take(connection, signal)) ? connection : undefined;
	}

	/** For requests, and for `acquireRecent` if it can reuse a released connection. Not for long, because many logs can end together. */
	keepReleased(connection: ApiserverConnection): void {
		this.#released.add(connection);
		this.#keep(connection, recentUseMs);
	}

	async #requestOnce(options: RequestOptions): Promise<{response: ApiResponse; isOutdated: boolean}> {
		const pooled = (await this.#acquireIdle(options.signal)) ?? (await this.#takeEarly(options.signal));
		if (pooled) {
			try {
				return await this.#handleResponse(pooled, await pooled.request(options), options.signal);
			} catch (error) {
				// The server may have just closed it: only a request without side effects is sent again.
				const {usable} = pooled;
				pooled.close();
				const isTimeout = isSpokeError(error) && error.code === 'ERR_APISERVER_TIMEOUT';
				if (usable || isTimeout || options.signal?.aborted || !['GET', 'HEAD'].includes(options.method ?? 'GET')) {
					throw error;
				}
			}
		}

		const opened = await this.#open(options.signal);
		try {
			return await this.#handleResponse(opened, await opened.request(options), options.signal);
		} catch (error) {
			opened.close();
			throw error;
		}
	}

	#closeEarly(): void {
		void this.#early?.then(connection => {
			connection.close();
		}, noop);
	}

	async #takeEarly(signal: AbortSignal | undefined): Promise<ApiserverConnection | undefined> {
		const early = this.#early;
		this.#early = undefined;
		let connection: ApiserverConnection | undefined;
		try {
			connection = await (early && rejectOnAbort(async () => early, signal));
		} catch (error) {
			// Kept for the next request, if this one did not wait for it.
			this.#early = error === signal?.reason ? early : undefined;
			if (this.#closed) {
				this.#closeEarly();
			}

			throw error;
		}

		return connection && (await this.#isUsable(connection, signal)) ? connection : undefined;
	}

	async #acquireIdle(signal?: AbortSignal): Promise<ApiserverConnection | undefined> {
		for (const connection of [...this.#idle.keys()].toReversed()) {
			if (await this.#take(connection, signal)) {
				return connection;
			}
		}

		return undefined;
	}

	async #take(connection: ApiserverConnection, signal: AbortSignal | undefined): Promise<boolean> {
		const idle = this.#idle.get(connection);
		// Another request may have acquired it meanwhile.
		if (!idle) {
			return false;
		}

		this.#idle.delete(connection);
		clearTimeout(idle.timer);
		return this.#isUsable(connection, signal);
	}

	/** Closes a connection that is not. */
	async #isUsable(connection: ApiserverConnection, signal: AbortSignal | undefined): Promise<boolean> {
		try {
			if (connection.usable && (await connection.isCurrent(signal))) {
				return true;
			}
		} catch (error) {
			connection.close();
			throw error;
		}

		connection.close();
		return false;
	}

	async #handleResponse(
		connection: ApiserverConnection,
		response: ApiResponse,
		signal?: AbortSignal,
	): Promise<{response: ApiResponse; isOutdated: boolean}> {
		this.#returnWhenRead(connection, response);
		return {response, isOutdated: response.status === 401 && !(await connection.isCurrent(signal))};
	}

	#returnWhenRead(connection: ApiserverConnection, response: ApiResponse): void {
		finished(response.body, {writable: false}, error => {
			if (error) {
				connection.close();
			} else {
				this.#keep(connection, idleTimeoutMs);
			}
		});
	}

	#keep(connection: ApiserverConnection, ms: number): void {
		if (this.#closed || !connection.usable || this.#idle.size >= maxIdleConnections) {
			connection.close();
			return;
		}

		const timer = setTimeout(() => {
			this.#drop(connection);
		}, ms).unref();
		this.#idle.set(connection, {timer, since: monotonicMs()});
	}

	#drop(connection: ApiserverConnection): void {
		clearTimeout(this.#idle.get(connection)?.timer);
		this.#idle.delete(connection);
		connection.close();
	}
}

/** HTTP/2 connections that many logs share, as those of kubectl do. */
export class SharedConnections {
	readonly #access: ConnectionConfig;
	readonly #peer: Http2Peer;
	readonly #onReleased: OnReleased;
	readonly #connections = new Set<SharedConnection>();
	readonly #openings = new Set<Opening>();
	#isSupported: boolean;

	/** `onReleased`: gets the connection of a server that does not support HTTP/2. */
	constructor(access: ConnectionConfig, {isDisabled, onReleased}: {isDisabled: boolean; onReleased: OnReleased}) {
		this.#access = access;
		this.#peer = {peerName: peerNameOf(access.route), authority: access.route.server.authority};
		this.#onReleased = onReleased;
		// With HTTP/2, Node does not bound the bytes that are handled per event loop turn.
		this.#isSupported = access.route.tls !== null && !access.isInteractive && !isDisabled;
	}

	/**
	`null` if HTTP/2 cannot be used. Closing the result does not close the shared connection while others use it.
	@throws SpokeError as `openConnection`
	*/
	async connect(signal?: AbortSignal): Promise<ApiserverConnection | null> {
		const {certificate} = await this.#access.credentials.current(signal);
		while (this.#isSupported) {
			const shared =
				[...this.#connections].find(({http2, dialed}) => http2.canAddClient && dialed.identity.certificate === certificate) ??
				(await this.#open(signal));
			// The client certificate was renewed, or the server already closes the connection.
			if (shared?.dialed.identity.certificate !== certificate || !shared.http2.isUsable) {
				return null;
			}

			if ((await shared.http2.isAlive()) && shared.http2.canAddClient) {
				return createConnection(new Http2Client(shared.http2, this.#peer), this.#access, shared.dialed);
			}
		}

		return null;
	}

	close(): void {
		this.#isSupported = false;
		for (const {abort} of this.#openings) {
			abort.abort();
		}

		for (const {http2} of this.#connections) {
			http2.close();
		}
	}

	/** Waits for a connection that others open, too, unless they will fill it. An abort ends the opening if no other waits. */
	async #open(signal: AbortSignal | undefined): Promise<SharedConnection | null> {
		signal?.throwIfAborted();
		const opening = [...this.#openings].find(({waiters}) => waiters < maxClients) ?? this.#startOpening();
		opening.waiters++;
		try {
			return await rejectOnAbort(async () => opening.opened, signal);
		} finally {
			opening.waiters--;
			if (opening.waiters === 0) {
				this.#openings.delete(opening);
				opening.abort.abort();
			}
		}
	}

	#startOpening(): Opening {
		const abort = new AbortController();
		const opened = this.#openConnection(abort.signal).finally(() => {
			this.#openings.delete(opening);
		});
		const opening: Opening = {opened, abort, waiters: 0};
		this.#openings.add(opening);
		return opening;
	}

	async #openConnection(signal: AbortSignal): Promise<SharedConnection | null> {
		const dialed = await dialApiserver(this.#access, {signal, offersHttp2: true});
		if (!dialed.http2) {
			this.#isSupported = false;
			createHttp1Connection(this.#access, dialed, this.#onReleased).release();
			return null;
		}

		const shared = {http2: await openHttp2(dialed.http2, this.#peer, signal), dialed};
		if (!shared.http2.allowsClients) {
			this.#isSupported = false;
		}

		this.#connections.add(shared);
		shared.http2.onClosed(() => {
			this.#connections.delete(shared);
		});
		setTimeout(() => {
			shared.http2.closeIfUnused();
		}, unusedTimeoutMs).unref();
		return shared;
	}
}

/** Pool of idle keep-alive connections. */
import {finished, Readable} from 'node:stream';
import {abortableDelay, rejectOnAbort} from '../async/abortable.ts';
import {monotonicMs} from '../async/clock.ts';
import {isSpokeError} from '../errors/spoke-error.ts';
import type {ApiResponse, RequestOptions} from './cluster-client.ts';
import type {ApiserverConnection} from './apiserver-connection.ts';
import {isReplayable} from './transport/encode-request.ts';
import {noop} from './transport/dial-tcp.ts';
import {maxRetries, maxRetryAfterMs, retryAfterMs} from './transport/request-errors.ts';
import {explainMessage} from '../server-messages/explain-message.ts';
import {maxErrorPrefixBytes, readBodyPrefix} from './transport/response-body.ts';
import type {HttpRequest, HttpResult} from './transport/exchange.ts';

const maxIdleConnections = 8;
const idleTimeoutMs = 60_000;

/** A server may close a longer idle connection. */
const recentUseMs = 1000;

type PlainResponse = Extract<HttpResult, {kind: 'response'}>;

/** A backend can send any text. */
const proxyPath = /\/(?:nodes|pods|services)\/[^/]+\/proxy(?:\/|$)/;

/** A POST that only reads. */
const reviewPath = /^\/apis\/(?:authentication|authorization)\.k8s\.io\//;

const kubeletStreamPath = /\/pods\/[^/]+\/(?:log|exec|attach|portforward)$/;

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

/**
Whether the apiserver rejected the user's credentials. A kubelet can also send a 401 (it rejects those of the apiserver), and so can a
backend. On a path to a kubelet, only the apiserver's own Status counts, which a hostile kubelet can imitate for exec, attach and
port-forward. May replace `response.body`.
*/
export async function areCredentialsRejected(path: string, response: PlainResponse): Promise<boolean> {
	if (response.status !== 401 || isProxyPath(path)) {
		return false;
	}

	if (!kubeletStreamPath.test(withoutQuery(path))) {
		return true;
	}

	if (!response.headers['content-type']?.startsWith('application/json')) {
		return false;
	}

	const text = await readBodyPrefix(response.body, maxErrorPrefixBytes);
	response.body = Readable.from([Buffer.from(text)]);
	return explainMessage(text, {status: 401})?.rule.code === 'ERR_CREDENTIALS';
}

/** Whether a request can be sent again after a 401: it changes nothing, and it did not go to a backend. */
export function canSendAgain(
	path: string,
	{method = 'GET', kind, body}: {method?: string; kind?: HttpRequest['kind']; body?: RequestOptions['body'] | undefined},
): boolean {
	const hasNoEffect = method === 'GET' || method === 'HEAD' || kind !== undefined || reviewPath.test(path);
	return hasNoEffect && isReplayable({body}) && !isProxyPath(path);
}

export function isProxyPath(path: string): boolean {
	return proxyPath.test(withoutQuery(path));
}

function withoutQuery(path: string): string {
	return path.split('?', 1)[0]!;
}

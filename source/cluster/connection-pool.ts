/** Requests on kept-alive connections: one is taken, used, and put back when its answer has been read. */
import {finished} from 'node:stream';
import type {ApiResponse, RequestOptions} from './connection.ts';
import type {DedicatedConnection} from './dedicated-connection.ts';
import {abortableDelay} from './abortable.ts';
import {isReplayable} from './transport/http-request.ts';

/** Kept open without work. */
const mostIdle = 8;
const idleLimitMs = 60_000;

/** A server closes what is idle for long; just used, it can be taken for open. */
const freshForMs = 1000;

/** client-go tries ten times; the longest single wait we accept is a minute. */
const mostRetries = 10;
const longestWaitS = 60;

export class ConnectionPool {
	readonly #open: (signal?: AbortSignal) => Promise<DedicatedConnection>;
	readonly #idle = new Map<DedicatedConnection, {timer: NodeJS.Timeout; since: number}>();
	#closed = false;

	constructor(open: (signal?: AbortSignal) => Promise<DedicatedConnection>) {
		this.#open = open;
	}

	/** Obeys Retry-After on 429, 503 and other server errors, while the request can be sent again. */
	async request(options: RequestOptions): Promise<ApiResponse> {
		for (let attempt = 0; ; attempt++) {
			const {answer, outdated} = await this.#once(options);
			if (outdated && attempt === 0 && isReplayable(options)) {
				// Refused for a client certificate that has been renewed since: the next connection shows the new one.
				answer.body.resume();
				continue;
			}

			const waitS = waitAskedFor(answer);
			if (waitS === null || attempt >= mostRetries || !isReplayable(options)) {
				return answer;
			}

			answer.body.resume();
			await abortableDelay(waitS * 1000, options.signal);
		}
	}

	close(): void {
		this.#closed = true;
		for (const connection of this.#idle.keys()) {
			this.#drop(connection);
		}
	}

	/** The connection that was used a moment ago, for somebody to have as their own: it saves a handshake. `undefined` when there is none. */
	handOver(): DedicatedConnection | undefined {
		const [connection, idle] = [...this.#idle].at(-1) ?? [];
		if (!connection || !connection.usable || performance.now() - idle!.since > freshForMs) {
			return undefined;
		}

		clearTimeout(idle!.timer);
		this.#idle.delete(connection);
		return connection;
	}

	async #once(options: RequestOptions): Promise<{answer: ApiResponse; outdated: boolean}> {
		const kept = await this.#take(options.signal);
		if (kept) {
			try {
				return await this.#answered(kept, await kept.request(options), options.signal);
			} catch (error) {
				// The server may have closed it just now. What changes nothing is sent again on a fresh connection.
				const {usable} = kept;
				kept.close();
				if (usable || options.signal?.aborted || !['GET', 'HEAD'].includes(options.method ?? 'GET')) {
					throw error;
				}
			}
		}

		const fresh = await this.#open(options.signal);
		try {
			return await this.#answered(fresh, await fresh.request(options), options.signal);
		} catch (error) {
			fresh.close();
			throw error;
		}
	}

	async #take(signal?: AbortSignal): Promise<DedicatedConnection | undefined> {
		for (const [connection, {timer}] of [...this.#idle].toReversed()) {
			// Another request may have taken it while the one before was looked at.
			if (!this.#idle.delete(connection)) {
				continue;
			}

			clearTimeout(timer);
			try {
				if (connection.usable && (await connection.isCurrent(signal))) {
					return connection;
				}
			} catch (error) {
				connection.close();
				throw error;
			}

			connection.close();
		}

		return undefined;
	}

	async #answered(
		connection: DedicatedConnection,
		answer: ApiResponse,
		signal?: AbortSignal,
	): Promise<{answer: ApiResponse; outdated: boolean}> {
		this.#giveBackAfter(connection, answer);
		return {answer, outdated: answer.status === 401 && !(await connection.isCurrent(signal))};
	}

	#giveBackAfter(connection: DedicatedConnection, answer: ApiResponse): void {
		finished(answer.body, {writable: false}, error => {
			if (error || this.#closed || !connection.usable || this.#idle.size >= mostIdle) {
				connection.close();
				return;
			}

			const timer = setTimeout(() => {
				this.#drop(connection);
			}, idleLimitMs).unref();
			this.#idle.set(connection, {timer, since: performance.now()});
		});
	}

	#drop(connection: DedicatedConnection): void {
		clearTimeout(this.#idle.get(connection)?.timer);
		this.#idle.delete(connection);
		connection.close();
	}
}

/** Seconds, or `null` when no wait was asked for, or one that is too long to be kept up with. */
function waitAskedFor({status, headers}: ApiResponse): number | null {
	const mayPass = status === 429 || status >= 500;
	const asked = headers['retry-after'];
	return mayPass && asked !== undefined && /^\d+$/.test(asked) && Number(asked) <= longestWaitS ? Number(asked) : null;
}

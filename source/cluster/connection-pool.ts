/** Requests on kept-alive connections: one is taken, used, and put back when its answer has been read. */
import {finished} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import type {ApiResponse, RequestOptions} from './connection.ts';
import type {DedicatedConnection} from './dedicated-connection.ts';

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
			const answer = await this.#once(options);
			const waitS = waitAskedFor(answer);
			if (waitS === null || attempt >= mostRetries || !replayable(options)) {
				return answer;
			}

			answer.body.resume();
			await delay(waitS * 1000, undefined, options.signal ? {signal: options.signal} : {});
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

	async #once(options: RequestOptions): Promise<ApiResponse> {
		const kept = this.#take();
		if (kept) {
			try {
				return this.#giveBackAfter(kept, await kept.request(options));
			} catch (error) {
				// The server may have closed it just now. What changes nothing is sent again on a fresh connection.
				if (kept.usable || options.signal?.aborted || !['GET', 'HEAD'].includes(options.method ?? 'GET')) {
					throw error;
				}
			}
		}

		const fresh = await this.#open(options.signal);
		try {
			return this.#giveBackAfter(fresh, await fresh.request(options));
		} catch (error) {
			fresh.close();
			throw error;
		}
	}

	#take(): DedicatedConnection | undefined {
		for (const [connection, {timer}] of [...this.#idle].reverse()) {
			clearTimeout(timer);
			this.#idle.delete(connection);
			if (connection.usable) {
				return connection;
			}
		}

		return undefined;
	}

	#giveBackAfter(connection: DedicatedConnection, answer: ApiResponse): ApiResponse {
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
		return answer;
	}

	#drop(connection: DedicatedConnection): void {
		clearTimeout(this.#idle.get(connection)?.timer);
		this.#idle.delete(connection);
		connection.close();
	}
}

/** Seconds, or `null` when no wait was asked for, or one that is too long to be kept up with. */
function waitAskedFor({status, headers}: ApiResponse): number | null {
	const asked = Number(headers['retry-after']);
	return (status === 429 || status >= 500) && headers['retry-after'] !== undefined && Number.isInteger(asked) && asked >= 0 && asked <= longestWaitS ? asked : null;
}

function replayable({body}: RequestOptions): boolean {
	return body === undefined || typeof body === 'string' || body instanceof Uint8Array;
}

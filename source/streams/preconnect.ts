/** Connects while the target of a stream is still being resolved. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import type {ApiResponse, Connection, RequestOptions} from '../cluster/connection.ts';
import {readJsonResponse} from '../cluster/read-json-response.ts';
import type {ConnectionObserver} from './connection-observer.ts';

/** A server or a balancer may close what is idle for long: what was not used for this long is not used any more. */
const maxIdleMs = 10_000;

export type Preconnection = {cluster: ClusterClient; close: () => void};

/**
`cluster` asks on the connection made ahead and gives it to whoever connects first: one handshake less before the first stream.
The observer reads on it after the first request, so that a label costs no round trip. If it cannot be used, the cluster connects as usual.
`close` ends it when nobody took it.
*/
export function preconnect(
	cluster: ClusterClient,
	{signal, observer}: {signal: AbortSignal; observer?: ConnectionObserver | undefined},
): Preconnection {
	const early = new EarlyConnection(cluster.connect({signal}), observer);
	return {
		cluster: {
			...cluster,
			connect: async options => (await early.acquire()) ?? cluster.connect(options),
			async json<T>(options: Parameters<ClusterClient['json']>[0]) {
				const response = await early.get(options);
				return response
					? ((await readJsonResponse(response, options, {peerName: `the apiserver ${cluster.facts.server}`, identity: cluster.facts})) as T)
					: cluster.json<T>(options);
			},
			request: async options => (options.whole ? await early.get(options) : undefined) ?? cluster.request(options),
		},
		close() {
			early.close();
		},
	};
}

class EarlyConnection {
	/** `undefined` once it was taken, or could not be made. */
	#pending: Promise<Connection> | undefined;
	#usedAt = Infinity;

	constructor(pending: Promise<Connection>, observer: ConnectionObserver | undefined) {
		this.#pending = pending;
		pending.then(
			connection => {
				this.#usedAt = performance.now();
				// The waiter for the connection sends its request first.
				setImmediate(() => {
					if (this.#pending && connection.usable) {
						observer?.onConnected?.(connection);
					}
				});
			},
			() => undefined,
		);
	}

	/** An answer on it; `undefined` where the cluster is to be asked. */
	async get(options: RequestOptions): Promise<ApiResponse | undefined> {
		const connection = await this.#usable(this.#pending);
		const response = connection && (options.method ?? 'GET') === 'GET' ? await pipelinedGet(connection, options) : undefined;
		this.#usedAt = performance.now();
		return response;
	}

	/** For somebody to have as their own; `undefined` where there is none. */
	async acquire(): Promise<Connection | undefined> {
		const acquired = this.#pending;
		this.#pending = undefined;
		const connection = await this.#usable(acquired);
		if (!connection) {
			closeWhenConnected(acquired);
		}

		return connection;
	}

	/** Ends it when nobody took it. */
	close(): void {
		closeWhenConnected(this.#pending);
		this.#pending = undefined;
	}

	/** @throws why there is none, to the first who wants it: a second try would ask a person or a dead address twice */
	async #usable(pending: Promise<Connection> | undefined): Promise<Connection | undefined> {
		try {
			const connection = await pending;
			return connection?.usable && performance.now() - this.#usedAt < maxIdleMs ? connection : undefined;
		} catch (error) {
			this.#pending = undefined;
			throw error;
		}
	}
}

function closeWhenConnected(pending: Promise<Connection> | undefined): void {
	pending?.then(
		connection => {
			connection.close();
		},
		() => undefined,
	);
}

/** `undefined` for what the cluster must be asked: it waits where it is told to, renews credentials, and makes a lost connection anew. */
async function pipelinedGet(connection: Connection, options: RequestOptions): Promise<ApiResponse | undefined> {
	try {
		const response = await connection.pipelinedGet(options);
		return response.status === 401 || response.status === 429 || response.status >= 500 ? undefined : response;
	} catch (error) {
		if (options.signal?.aborted) {
			throw error;
		}

		return undefined;
	}
}

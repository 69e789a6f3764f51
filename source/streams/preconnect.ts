/** How is a stream's connection made, asked and read, while it is still being found out where it leads? */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import type {ApiResponse, Connection, RequestOptions} from '../cluster/connection.ts';
import {readJsonResponse} from '../cluster/read-json-response.ts';
import type {ConnectionObserver} from './connection-observer.ts';

/** A server or a balancer may close what is idle for long: what was not used for this long is not used any more. */
const freshForMs = 10_000;

export type Preconnection = {cluster: ClusterClient; close: () => void};

/**
`cluster` asks on the connection made ahead and gives it to whoever connects first: one handshake less before the first stream.
The witness reads on it behind the first question, so that a label costs no round trip. Where it is of no use, the cluster's own are.
`close` ends it when nobody took it.
*/
export function preconnect(
	cluster: ClusterClient,
	{signal, witness}: {signal: AbortSignal; witness?: ConnectionObserver | undefined},
): Preconnection {
	const ahead = new AheadConnection(cluster.connect({signal}), witness);
	return {
		cluster: {
			...cluster,
			connect: async options => (await ahead.take()) ?? cluster.connect(options),
			async json<T>(options: Parameters<ClusterClient['json']>[0]) {
				const answer = await ahead.ask(options);
				return answer
					? ((await readJsonResponse(answer, options, {peerName: `the apiserver ${cluster.facts.server}`, identity: cluster.facts})) as T)
					: cluster.json<T>(options);
			},
			request: async options => (options.whole ? await ahead.ask(options) : undefined) ?? cluster.request(options),
		},
		close() {
			ahead.close();
		},
	};
}

class AheadConnection {
	/** `undefined` once it was taken, or could not be made. */
	#made: Promise<Connection> | undefined;
	#usedAt = Infinity;

	constructor(made: Promise<Connection>, witness: ConnectionObserver | undefined) {
		this.#made = made;
		made.then(
			connection => {
				this.#usedAt = performance.now();
				// Whoever waits for the connection asks first.
				setImmediate(() => {
					if (this.#made && connection.usable) {
						witness?.connected?.(connection);
					}
				});
			},
			() => undefined,
		);
	}

	/** An answer on it; `undefined` where the cluster is to be asked. */
	async ask(options: RequestOptions): Promise<ApiResponse | undefined> {
		const connection = await this.#usable(this.#made);
		const answer = connection && (options.method ?? 'GET') === 'GET' ? await askedOn(connection, options) : undefined;
		this.#usedAt = performance.now();
		return answer;
	}

	/** For somebody to have as their own; `undefined` where there is none. */
	async take(): Promise<Connection | undefined> {
		const taken = this.#made;
		this.#made = undefined;
		const connection = await this.#usable(taken);
		if (!connection) {
			closeWhenMade(taken);
		}

		return connection;
	}

	/** Ends it when nobody took it. */
	close(): void {
		closeWhenMade(this.#made);
		this.#made = undefined;
	}

	/** @throws why there is none, to the first who wants it: a second try would ask a person or a dead address twice */
	async #usable(made: Promise<Connection> | undefined): Promise<Connection | undefined> {
		try {
			const connection = await made;
			return connection?.usable && performance.now() - this.#usedAt < freshForMs ? connection : undefined;
		} catch (error) {
			this.#made = undefined;
			throw error;
		}
	}
}

function closeWhenMade(made: Promise<Connection> | undefined): void {
	made?.then(
		connection => {
			connection.close();
		},
		() => undefined,
	);
}

/** `undefined` for what the cluster must be asked: it waits where it is told to, renews credentials, and makes a lost connection anew. */
async function askedOn(connection: Connection, options: RequestOptions): Promise<ApiResponse | undefined> {
	try {
		const answer = await connection.pipelinedGet(options);
		return answer.status === 401 || answer.status === 429 || answer.status >= 500 ? undefined : answer;
	} catch (error) {
		if (options.signal?.aborted) {
			throw error;
		}

		return undefined;
	}
}

/** Connects while a stream's target is being resolved. */
import {monotonicMs} from '../async/clock.ts';
import type {ClusterClient, ApiResponse, Connection, RequestOptions} from '../cluster/cluster-client.ts';
import {readJsonResponse} from '../cluster/read-json-response.ts';
import type {ConnectionObserver} from './connection-observer.ts';
import {SpeculativeConnection, type SpeculativeRequest} from './speculative-request.ts';
import {hasStreamGate} from './stream-gate.ts';

/** An early connection is unused for at most this time, because servers and load balancers can close idle ones. */
const maxIdleMs = 10_000;

export type Preconnection = {cluster: ClusterClient; close: () => void};

/**
`cluster` uses the early connection and gives it to the first stream, which saves a handshake. The observer reads on it after the first
request, so that a label costs no round trip.
`speculative` saves another round trip. It is not sent if `--require` decides first whether the stream may use the connection. With an
observer, it is not sent in another namespace than the client's, where the observer may have to read more, nor after the observer's reads.
*/
export function preconnect(
	cluster: ClusterClient,
	{
		signal,
		observer,
		speculative,
	}: {signal: AbortSignal; observer?: ConnectionObserver | undefined; speculative?: SpeculativeRequest | undefined},
): Preconnection {
	const reconnect = async () => cluster.connect({signal});
	const canSpeculate = !hasStreamGate(cluster) && (observer === undefined || speculative?.namespace === cluster.facts.namespace);
	const early = new EarlyConnection(reconnect, {signal, observer, speculative: canSpeculate ? speculative : undefined});
	return {
		cluster: {
			...cluster,
			connect: async options => (options?.mustDial ? undefined : await early.acquire()) ?? cluster.connect(options),
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
	/** The early connection; `undefined` after it was taken or failed. */
	#pending: Promise<Connection> | undefined;
	#usedAt = Infinity;
	#isObserved = false;
	readonly #connect: () => Promise<Connection>;
	readonly #observer: ConnectionObserver | undefined;
	readonly #signal: AbortSignal;
	readonly #speculative: SpeculativeRequest | undefined;

	constructor(
		connect: () => Promise<Connection>,
		{
			signal,
			observer,
			speculative,
		}: {signal: AbortSignal; observer: ConnectionObserver | undefined; speculative: SpeculativeRequest | undefined},
	) {
		const pending = connect();
		this.#connect = connect;
		this.#observer = observer;
		this.#signal = signal;
		this.#speculative = speculative;
		this.#pending = pending;
		pending.then(
			connection => {
				this.#usedAt = monotonicMs();
				// The waiting caller sends its request first.
				setImmediate(() => {
					if (this.#pending && connection.usable) {
						this.#observe(connection);
					}
				});
			},
			() => undefined,
		);
	}

	/** `undefined`: use the cluster client. */
	async get(options: RequestOptions): Promise<ApiResponse | undefined> {
		const connection = await this.#usable(this.#pending);
		if (!connection || connection instanceof SpeculativeConnection || (options.method ?? 'GET') !== 'GET') {
			return undefined;
		}

		const responding = pipelinedGet(connection, options);
		if (options.path === this.#speculative?.after && !this.#isObserved) {
			// In the same turn, so that all requests arrive together. The observer is first, because it cannot read after the stream's request.
			const speculativeConnection = new SpeculativeConnection(connection, this.#connect);
			this.#observe(speculativeConnection);
			speculativeConnection.send(this.#speculative, this.#signal);
			this.#pending = Promise.resolve(speculativeConnection);
		}

		const response = await responding;
		this.#usedAt = monotonicMs();
		return response;
	}

	/** Gives the connection to the caller, which must close it. */
	async acquire(): Promise<Connection | undefined> {
		const acquired = this.#pending;
		this.#pending = undefined;
		const connection = await this.#usable(acquired);
		if (!connection) {
			closeWhenConnected(acquired);
		}

		return connection;
	}

	close(): void {
		closeWhenConnected(this.#pending);
		this.#pending = undefined;
	}

	#observe(connection: Connection): void {
		if (this.#observer && !this.#isObserved) {
			this.#isObserved = true;
			this.#observer.onConnected?.(connection);
		}
	}

	/** @throws only to the first caller: a second attempt would repeat a prompt or a timeout */
	async #usable(pending: Promise<Connection> | undefined): Promise<Connection | undefined> {
		try {
			const connection = await pending;
			return connection?.usable && monotonicMs() - this.#usedAt < maxIdleMs ? connection : undefined;
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

/** `undefined`: the cluster client must wait, renew credentials or reconnect. */
async function pipelinedGet(connection: Connection, options: RequestOptions): Promise<ApiResponse | undefined> {
	try {
		const response = await connection.pipelined(options);
		return response.status === 401 || response.status === 429 || response.status >= 500 ? undefined : response;
	} catch (error) {
		if (options.signal?.aborted) {
			throw error;
		}

		return undefined;
	}
}

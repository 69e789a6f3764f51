/** Connects while a stream's target is being resolved. */
import {monotonicMs, rejectOnAbort} from '../base/async/clock.ts';
import type {
	ClusterClient,
	ApiResponse,
	Connection,
	RequestOptions,
	PipelinedOptions,
	UpgradeOptions,
	UpgradeResult,
} from '../cluster/cluster-client.ts';
import {readJsonResponse} from '../cluster/read-json-response.ts';
import type {ConnectionObserver} from './connection-observer.ts';
import {hasStreamGate} from './stream-gate.ts';
import {maxErrorPrefixBytes, readBodyPrefix} from '../cluster/transport/response-body.ts';
import {isSpokeError} from '../base/errors/spoke-error.ts';

/** An early connection is unused for at most this time, because servers and load balancers can close idle ones. */
const maxIdleMs = 10_000;

type PreconnectOptions = {
	signal: AbortSignal;
	observer?: ConnectionObserver | undefined;
	speculative?: SpeculativeRequest | undefined;
};

export type Preconnection = {cluster: ClusterClient; close: () => void};

/**
`after`: the path of the GET behind which it is sent. `namespace`: of the target. The request must have no effect, because the resolved
target can be another one.
*/
export type SpeculativeRequest = {after: string; namespace: string} & (
	{kind: 'request'; options: RequestOptions} | {kind: 'upgrade'; options: UpgradeOptions}
);

/**
`cluster` uses the early connection and gives it to the first stream, which saves a handshake. The observer reads on it after the first
request, so that a label costs no round trip.
`speculative` saves another round trip. It is not sent if `--require` decides first whether the stream may use the connection. With an
observer, it is not sent in another namespace than the client's, where the observer may have to read more, nor after the observer's reads.
*/
export function preconnect(cluster: ClusterClient, {signal, observer, speculative}: PreconnectOptions): Preconnection {
	const canSpeculate = !hasStreamGate(cluster) && (observer === undefined || speculative?.namespace === cluster.facts.namespace);
	const early = new EarlyConnection(cluster, {signal, observer, speculative: canSpeculate ? speculative : undefined});
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
	readonly #cluster: ClusterClient;
	readonly #options: PreconnectOptions;

	constructor(cluster: ClusterClient, options: PreconnectOptions) {
		this.#cluster = cluster;
		this.#options = options;
		const pending = cluster.connect({signal: options.signal});
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
		const {speculative, signal} = this.#options;
		if (options.path === speculative?.after && !this.#isObserved) {
			// In the same turn, so that all requests arrive together. The observer is first, because it cannot read after the stream's request.
			const speculativeConnection = new SpeculativeConnection(connection, async () => this.#cluster.connect({signal}));
			this.#observe(speculativeConnection);
			speculativeConnection.send(speculative, signal);
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
		const {observer} = this.#options;
		if (observer && !this.#isObserved) {
			this.#isObserved = true;
			observer.onConnected?.(connection);
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

/** Returns the early response to the first request with the same path, if it is still valid; otherwise sends the request. */
export class SpeculativeConnection implements Connection {
	/** Opens a connection if the early response cannot be used. Observations on the old connection do not hold for the new one. */
	openReplacement: () => Promise<Connection>;
	/** Closed and not replaced, so a failure of the stream is not this connection's. */
	isAbandoned = false;
	#connection: Connection;
	/** `undefined` once it was used or cannot be. */
	#request: EarlyResponse<ApiResponse> | undefined;
	#upgrade: EarlyResponse<UpgradeResult> | undefined;

	constructor(connection: Connection, openReplacement: () => Promise<Connection>) {
		this.#connection = connection;
		this.openReplacement = openReplacement;
	}

	get id(): string {
		return this.#connection.id;
	}

	get facts(): Connection['facts'] {
		return this.#connection.facts;
	}

	/** Also while the early response can still arrive, although the connection takes no more requests. */
	get usable(): boolean {
		return this.#connection.usable || [this.#request, this.#upgrade].some(early => early?.hasFailed === false);
	}

	/** Sends the request after those that are pipelined already; none can be pipelined after it. An abort of `signal` ends it. */
	send(speculative: SpeculativeRequest, signal: AbortSignal): void {
		const {path} = speculative.options;
		const pipelined = {signal, canFollowPipelined: true};
		if (speculative.kind === 'request') {
			this.#request = new EarlyResponse(path, signal, this.#connection.request({...speculative.options, ...pipelined}));
		} else {
			this.#upgrade = new EarlyResponse(path, signal, this.#connection.upgrade({...speculative.options, ...pipelined}));
		}
	}

	async pipelined(options: PipelinedOptions): Promise<ApiResponse> {
		return this.#connection.pipelined(options);
	}

	async request(options: RequestOptions): Promise<ApiResponse> {
		const early = this.#request;
		this.#request = undefined;
		if (early) {
			const wasSettled = early.isSettled;
			const response = await early.wait(options.signal);
			// As for an upgrade, an early refusal can be outdated.
			const isSame = early.path === options.path || (early.path === options.samePath && (response?.status === 200 || !wasSettled));
			if (response && isSame && response.status !== 401 && response.body.errored === null) {
				return response;
			}

			await this.#discard(response);
		}

		return this.#connection.request(options);
	}

	async upgrade(options: UpgradeOptions): Promise<UpgradeResult> {
		const early = this.#upgrade;
		if (early) {
			const wasSettled = early.isSettled;
			const response = await early.wait(options.signal);
			// A refusal that arrived before this call can be outdated: the pod may run by now. A 403 does not depend on the pod.
			const isValid = response && (response.upgraded || response.status === 403 || (!wasSettled && response.status !== 401));
			if (isValid && early.path === options.path) {
				this.#upgrade = undefined;
				return response;
			}

			await this.#replace();
		}

		return this.#connection.upgrade(options);
	}

	release(): void {
		this.#connection.release();
	}

	close(): void {
		this.#connection.close();
		void this.#upgrade?.settled.then(outcome => {
			if (outcome.response?.upgraded) {
				outcome.response.socket.destroy();
			}
		});
		this.#upgrade = undefined;
	}

	/** A refusal is short; what follows anything else must not wait for its end. */
	async #discard(response: ApiResponse | null): Promise<void> {
		if (response && response.status >= 400) {
			await readBodyPrefix(response.body, maxErrorPrefixBytes).catch(() => undefined);
		}

		if (!response || response.status < 400 || !this.#connection.usable) {
			await this.#replace();
		}
	}

	async #replace(): Promise<void> {
		this.close();
		this.isAbandoned = true;
		this.#connection = await this.openReplacement();
		this.isAbandoned = false;
	}
}

class EarlyResponse<Response> {
	readonly path: string;
	readonly settled: Promise<{response: Response; error: null} | {response: null; error: unknown}>;
	isSettled = false;
	hasFailed = false;
	readonly #signal: AbortSignal;

	constructor(path: string, signal: AbortSignal, responding: Promise<Response>) {
		this.path = path;
		this.#signal = signal;
		this.settled = responding.then(
			response => ({response, error: null}),
			(error: unknown) => {
				this.hasFailed = true;
				return {response: null, error};
			},
		);
		void this.settled.then(() => {
			this.isSettled = true;
		});
	}

	/**
	`null` if it failed, so that another connection can help.
	@throws the reason of either signal; SpokeError ERR_APISERVER_TIMEOUT, since the time for a response is over
	*/
	async wait(signal: AbortSignal | undefined): Promise<Response | null> {
		const {response, error} = await rejectOnAbort(async () => this.settled, signal);
		this.#signal.throwIfAborted();
		if (isSpokeError(error) && error.code === 'ERR_APISERVER_TIMEOUT') {
			throw error;
		}

		return response;
	}
}

/** A stream's request that is sent while its target is being resolved, on the same connection. */
import {rejectOnAbort} from '../async/abortable.ts';
import {maxErrorPrefixBytes, readBodyPrefix} from '../cluster/transport/response-body.ts';
import type {ApiResponse, Connection, PipelinedOptions, RequestOptions, UpgradeOptions, UpgradeResult} from '../cluster/cluster-client.ts';
import {isSpokeError} from '../errors/spoke-error.ts';

/**
`after`: the path of the GET behind which it is sent. `namespace`: of the target. The request must have no effect, because the resolved
target can be another one.
*/
export type SpeculativeRequest = {after: string; namespace: string} & (
	{kind: 'request'; options: RequestOptions} | {kind: 'upgrade'; options: UpgradeOptions}
);

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

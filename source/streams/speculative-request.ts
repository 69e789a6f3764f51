/** A stream's request that is sent while its target is being resolved, on the same connection. */
import type {ApiResponse, Connection, PipelinedOptions, RequestOptions, UpgradeOptions, UpgradeResult} from '../cluster/connection.ts';

/** `after`: the path of the GET that it follows. Requests must have no effect, because the target may turn out to be another one. */
export type SpeculativeRequest = {after: string} & (
	| {kind: 'request'; options: RequestOptions & {canFollowPipelined: true}}
	| {kind: 'upgrade'; options: UpgradeOptions & {canFollowPipelined: true}}
);

/** Gives the response to the first equal request. Otherwise, or if it failed, the request is sent as usual. */
export class SpeculativeConnection implements Connection {
	readonly id: string;
	readonly facts: Connection['facts'];
	#connection: Connection;
	readonly #reconnect: () => Promise<Connection>;
	/** `undefined` once it was used or cannot be. */
	#request: {path: string; response: Promise<ApiResponse | null>} | undefined;
	#upgrade: {path: string; response: Promise<UpgradeResult | null>} | undefined;

	/** Sends the request at once. */
	constructor(connection: Connection, speculative: SpeculativeRequest, reconnect: () => Promise<Connection>) {
		this.#connection = connection;
		this.#reconnect = reconnect;
		this.id = connection.id;
		this.facts = connection.facts;
		const {path} = speculative.options;
		if (speculative.kind === 'request') {
			this.#request = {path, response: connection.request(speculative.options).catch(() => null)};
		} else {
			this.#upgrade = {path, response: connection.upgrade(speculative.options).catch(() => null)};
		}
	}

	get usable(): boolean {
		return this.#request !== undefined || this.#upgrade !== undefined || this.#connection.usable;
	}

	async pipelined(options: PipelinedOptions): Promise<ApiResponse> {
		return this.#connection.pipelined(options);
	}

	async request(options: RequestOptions): Promise<ApiResponse> {
		const speculative = this.#request;
		this.#request = undefined;
		const response = await speculative?.response;
		options.signal?.throwIfAborted();
		if (
			response &&
			speculative &&
			(options.path === speculative.path || (options.samePath === speculative.path && response.status === 200))
		) {
			return response;
		}

		await this.#discard(speculative && response);
		return this.#connection.request(options);
	}

	async upgrade(options: UpgradeOptions): Promise<UpgradeResult> {
		const speculative = this.#upgrade;
		this.#upgrade = undefined;
		const response = await speculative?.response;
		options.signal?.throwIfAborted();
		// A refusal may be about a pod that did not run yet.
		if (response?.upgraded && speculative?.path === options.path) {
			return response;
		}

		await this.#discard(speculative && null);
		return this.#connection.upgrade(options);
	}

	close(): void {
		this.#connection.close();
		void this.#upgrade?.response.then(response => {
			if (response?.upgraded) {
				response.socket.destroy();
			}
		});
	}

	/** A refusal is short; what follows anything else must not wait for its end. */
	async #discard(response: ApiResponse | null | undefined): Promise<void> {
		if (response && response.status >= 400) {
			response.body.resume();
		} else if (response !== undefined) {
			this.close();
			this.#connection = await this.#reconnect();
		}
	}
}

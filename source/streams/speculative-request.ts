/** A stream's request that is sent while its target is being resolved, on the same connection. */
import type {ApiResponse, Connection, PipelinedOptions, RequestOptions, UpgradeOptions, UpgradeResult} from '../cluster/connection.ts';

/**
`after`: the path of the GET that it follows, in `namespace`. Requests must have no effect, because the target may turn out to be another
one.
*/
export type SpeculativeRequest = {after: string; namespace: string} & (
	| {kind: 'request'; options: RequestOptions & {canFollowPipelined: true}}
	| {kind: 'upgrade'; options: UpgradeOptions & {canFollowPipelined: true}}
);

/** Gives the response to the first equal request. Otherwise, or if it failed, the request is sent as usual. */
export class SpeculativeConnection implements Connection {
	/** Opens the connection that replaces this one if the response is of no use. What was read on this one does not hold for it. */
	reconnect: () => Promise<Connection>;
	#connection: Connection;
	/** `undefined` once it was used or cannot be. */
	#request: {path: string; response: Promise<ApiResponse | null>} | undefined;
	#upgrade: {path: string; response: Promise<UpgradeResult | null>; isAnswered: boolean} | undefined;
	#hasFailed = false;

	constructor(connection: Connection, reconnect: () => Promise<Connection>) {
		this.#connection = connection;
		this.reconnect = reconnect;
	}

	get id(): string {
		return this.#connection.id;
	}

	get facts(): Connection['facts'] {
		return this.#connection.facts;
	}

	get usable(): boolean {
		return this.#connection.usable || (!this.#hasFailed && (this.#request !== undefined || this.#upgrade !== undefined));
	}

	/** After the requests that are pipelined already. Nothing can be pipelined after it. */
	send(speculative: SpeculativeRequest): void {
		const {path} = speculative.options;
		const failed = () => {
			this.#hasFailed = true;
			return null;
		};

		if (speculative.kind === 'request') {
			this.#request = {path, response: this.#connection.request(speculative.options).catch(failed)};
		} else {
			const sent = {path, response: this.#connection.upgrade(speculative.options).catch(failed), isAnswered: false};
			void sent.response.then(() => {
				sent.isAnswered = true;
			});
			this.#upgrade = sent;
		}
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
		// A refusal that came before may be about a pod that did not run yet, unless it is about permissions.
		const isRefusalOld = speculative?.isAnswered;
		const response = await speculative?.response;
		options.signal?.throwIfAborted();
		if (response && speculative?.path === options.path && (response.upgraded || response.status === 403 || !isRefusalOld)) {
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
			this.#connection = await this.reconnect();
		}
	}
}

/** Pipelined requests on one socket (RFC 9112 §9.3.2), which Node's HTTP client lacks. */
import type {Duplex} from 'node:stream';
import {afterTurns, systemClock} from '../../async/clock.ts';
import {Semaphore} from '../../async/semaphore.ts';
import {type CompleteResponse, ResponseDecoder} from '../../wire/response-parser.ts';
import type {RequestHeaders} from '../credentials/request-headers.ts';
import {encodeRequest} from './encode-request.ts';
import {requestError, responseTimeoutError} from './http-request.ts';
import {noop} from './noop.ts';

export type PipelinedRequest = {
	target: string;
	headers: RequestHeaders;
	/** JSON of a POST. */
	body?: string | undefined;
	/** Limit, counted from the previous response; 0 means no limit. */
	timeoutMs: number;
	/** Time for the whole response since the end of the previous one. */
	wholeTimeoutMs?: number | undefined;
	signal?: AbortSignal | undefined;
};

type PendingRequest = PipelinedRequest & {
	resolve: (response: CompleteResponse) => void;
	reject: (error: Error) => void;
	onAbort: () => void;
};

const maxBodyBytes = 16 * 1024 * 1024;

export class PipelinedRequests {
	readonly #socket: Duplex;
	readonly #peerName: string;
	readonly #decoder = new ResponseDecoder({maxBodyBytes});
	readonly #pending: PendingRequest[] = [];
	#cancelTimer = noop;
	#cancelWholeTimer = noop;
	#idle = Promise.withResolvers<void>();

	constructor(socket: Duplex, peerName: string) {
		this.#socket = socket;
		this.#peerName = peerName;
		this.#idle.resolve();
		socket.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError).on('close', this.#onClose);
	}

	/**
	A timeout or abort closes the socket and fails all other requests.
	@throws SpokeError ERR_APISERVER_TIMEOUT, ERR_APISERVER_UNREACHABLE, ERR_CLIENT_CERTIFICATE, ERR_PROTOCOL; the signal's reason
	*/
	async send(request: PipelinedRequest): Promise<CompleteResponse> {
		const {target, headers, body, signal} = request;
		signal?.throwIfAborted();
		const head = encodeRequest(target, headers, body);
		if (this.#socket.destroyed || !this.#socket.writable) {
			throw requestError(new Error('the connection is gone'), this.#peerName, signal);
		}

		const {promise, resolve, reject} = Promise.withResolvers<CompleteResponse>();
		const onAbort = () => {
			this.#fail(signal!.reason as Error);
		};

		signal?.addEventListener('abort', onAbort, {once: true});
		if (this.#pending.length === 0) {
			this.#idle = Promise.withResolvers();
		}

		this.#pending.push({...request, resolve, reject, onAbort: onAbort});
		this.#socket.write(head, 'latin1');
		if (body !== undefined) {
			this.#socket.write(body, 'utf8');
		}

		if (this.#pending.length === 1) {
			this.#startTimer();
			this.#startWholeTimer();
		}

		return promise;
	}

	async release(): Promise<void> {
		await this.#idle.promise;
		if (this.#decoder.hasStarted) {
			// An extra response could be taken for that of another request.
			this.#socket.destroy();
		}

		this.#socket.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onError).off('close', this.#onClose);
	}

	readonly #onData = (bytes: Buffer): void => {
		this.#cancelTimer();
		let responses: CompleteResponse[];
		try {
			responses = this.#decoder.push(bytes);
		} catch (error) {
			this.#fail(error as Error);
			return;
		}

		for (const response of responses) {
			this.#resolveFirst(response);
		}

		if (!this.#decoder.hasStarted) {
			this.#startTimer();
		}
	};

	readonly #onEnd = (): void => {
		try {
			const response = this.#decoder.end();
			if (response) {
				this.#resolveFirst(response);
			}
		} catch {
			// The pending requests fail below.
		}

		this.#onClose();
	};

	readonly #onError = (error: Error): void => {
		this.#fail(error);
	};

	readonly #onClose = (): void => {
		this.#fail(Object.assign(new Error('socket hang up'), {code: 'ECONNRESET'}));
	};

	#resolveFirst(response: CompleteResponse): void {
		const first = this.#pending.shift();
		if (!first) {
			this.#socket.destroy();
			return;
		}

		first.signal?.removeEventListener('abort', first.onAbort);
		first.resolve(response);
		this.#startWholeTimer();
		if (response.closesConnection) {
			this.#onClose();
		} else if (this.#pending.length === 0) {
			this.#idle.resolve();
		}
	}

	#startTimer(): void {
		this.#cancelTimer();
		const [first] = this.#pending;
		if (first && first.timeoutMs > 0) {
			this.#cancelTimer = afterTurns(systemClock, first.timeoutMs, () => {
				this.#fail(responseTimeoutError(this.#peerName, first.timeoutMs));
			});
		}
	}

	#startWholeTimer(): void {
		this.#cancelWholeTimer();
		const [first] = this.#pending;
		this.#cancelWholeTimer = first?.wholeTimeoutMs
			? afterTurns(systemClock, first.wholeTimeoutMs, () => {
					this.#fail(responseTimeoutError(this.#peerName, first.wholeTimeoutMs!));
				})
			: noop;
	}

	#fail(error: Error): void {
		this.#cancelTimer();
		this.#cancelWholeTimer();
		this.#socket.destroy();
		for (const {reject, signal, onAbort: onAbort} of this.#pending.splice(0)) {
			signal?.removeEventListener('abort', onAbort);
			reject(requestError(error, this.#peerName, signal));
		}

		this.#idle.resolve();
	}
}

type WaitOptions = {
	timeoutMs: number;
	signal: AbortSignal | undefined;
	peerName: string;
};

/** The right to wait for a response on the socket, held by one caller at a time. */
export class ResponseSlot {
	readonly #semaphore = new Semaphore(1);

	/**
	@returns a function to call when the response is complete or no longer needed
	@throws SpokeError ERR_APISERVER_TIMEOUT; the signal's reason
	*/
	async acquire({timeoutMs, signal, peerName}: WaitOptions): Promise<() => void> {
		if (timeoutMs === 0) {
			return this.#semaphore.acquire(signal);
		}

		const timeout = new AbortController();
		const timer = setTimeout(() => {
			timeout.abort(responseTimeoutError(peerName, timeoutMs));
		}, timeoutMs);
		try {
			return await this.#semaphore.acquire(signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal);
		} finally {
			clearTimeout(timer);
		}
	}
}

/** HTTP/1.1 client on one socket, with pipelining (RFC 9112 §9.3.2) and one upgrade, which Node's own client cannot combine. */
import type {Duplex} from 'node:stream';
import {randomBytes} from 'node:crypto';
import type {IncomingHttpHeaders} from 'node:http';
import {type ResponseHead, webSocketAccept} from '../../wire/response-head.ts';
import {ResponseParser} from '../../wire/response-parser.ts';
import {protocolError} from '../../wire/protocol-error.ts';
import {Exchange, type HttpRequest, type HttpResult} from './exchange.ts';
import {noop} from './dial-tcp.ts';
import {ReadCoalescer} from './read-coalescer.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import type {UpgradeOptions} from '../cluster-client.ts';
import type {RequestHeaders} from '../credentials/request-headers.ts';

type HttpClientOptions = {
	peerName: string;
	/** Bounds the bytes handled per event loop turn, so that key presses are not delayed. */
	isInteractive: boolean;
	canPipeline: boolean;
};

type UpgradeRequest = {headers: RequestHeaders; check: (headers: IncomingHttpHeaders, peerName: string) => string | null};

export class HttpClient {
	readonly protocol = 'HTTP/1.1';
	readonly #socket: Duplex;
	readonly #options: HttpClientOptions;
	readonly #reads: ReadCoalescer;
	readonly #parser: ResponseParser;
	/** Not sent yet, in order. */
	readonly #waiting: Exchange[] = [];
	/** Sent, in order of their responses. */
	readonly #sent: Exchange[] = [];
	/** The response that switched protocols. */
	#switched: ResponseHead | undefined;

	/** The client owns the socket until it is upgraded. */
	constructor(socket: Duplex, options: HttpClientOptions) {
		this.#socket = socket;
		this.#options = options;
		this.#parser = new ResponseParser({
			limits: () => this.#first.limits,
			onHead: this.#onHead,
			onBodyChunk: (bytes, from, to) => this.#sent[0]?.body?.gather(bytes, from, to),
			onEnd: this.#onResponseEnd,
		});
		this.#reads = new ReadCoalescer(socket, this.#onBytes, options);
		// The first listener stays: without one, an error of an idle or upgraded socket would end the process.
		socket.on('error', noop).on('error', this.#onError).on('end', this.#onEnd).on('close', this.#onClose);
	}

	get isUsable(): boolean {
		return !this.#switched && !this.#socket.destroyed && this.#socket.writable;
	}

	get isIdle(): boolean {
		return this.isUsable && this.#sent.length === 0 && this.#waiting.length === 0;
	}

	/**
	A request waits until all earlier responses have been read; pipelined ones and those with `canFollowPipelined` only for those of other
	requests. A timeout or an abort of a request that was sent closes the socket and fails all others.
	@throws SpokeError ERR_APISERVER_TIMEOUT, ERR_APISERVER_UNREACHABLE, ERR_CLIENT_CERTIFICATE, ERR_PROTOCOL; the signal's reason; TypeError
	for text that would not be exactly one request
	*/
	async send(request: HttpRequest): Promise<HttpResult> {
		request.signal?.throwIfAborted();
		const exchange = new Exchange(request, this.#options.peerName, this.#onExchangeFailed);
		if (this.isUsable) {
			this.#waiting.push(exchange);
			this.#sendWaiting();
		} else {
			exchange.fail(goneError());
		}

		return exchange.response;
	}

	close(): void {
		if (!this.#switched) {
			this.#socket.destroy();
		}
	}

	get #first(): Exchange {
		const [first] = this.#sent;
		if (!first) {
			throw protocolError(`${this.#options.peerName} sent a response without a request`);
		}

		return first;
	}

	#sendWaiting(): void {
		for (let next = this.#waiting[0]; next && this.#canSend(next); next = this.#waiting[0]) {
			this.#waiting.shift();
			this.#sent.push(next);
			// The bytes after a 101 belong to another reader.
			this.#reads.isImmediate = next.kind === 'upgrade';
			next.send(this.#socket);
			if (this.#sent.length === 1) {
				next.startTimers();
			}
		}

		// Pipelined requests limit their own time.
		if (this.#sent[0]?.kind !== 'pipelined') {
			for (const exchange of this.#waiting) {
				exchange.startWaiting();
			}
		}
	}

	#canSend({canFollowPipelined}: Exchange): boolean {
		return this.#sent.length === 0 || (this.#options.canPipeline && canFollowPipelined && this.#sent.at(-1)!.kind === 'pipelined');
	}

	readonly #onBytes = (bytes: Buffer): void => {
		try {
			this.#parser.push(bytes);
		} catch (error) {
			this.#fail(error as Error);
		}

		this.#sent[0]?.body?.flush();
		if (this.#switched) {
			this.#handOver(this.#switched);
		} else if (this.#sent.length === 0) {
			this.#sendNext();
		}
	};

	/** Only after all bytes were parsed: an extra response could be taken for that of the next request. */
	#sendNext(): void {
		if (this.#parser.hasStarted) {
			this.#fail();
		} else {
			this.#sendWaiting();
		}
	}

	readonly #onHead = (head: ResponseHead): void => {
		if (head.status !== 101) {
			this.#first.begin(head, this.#reads);
		} else if (this.#first.kind === 'upgrade') {
			this.#switched = head;
		} else {
			throw protocolError(`${this.#options.peerName} switched protocols without an upgrade request`);
		}
	};

	readonly #onResponseEnd = (): void => {
		const ended = this.#sent.shift();
		// A reader that destroyed the body has failed the exchange.
		if (!ended) {
			return;
		}

		const {keepsConnection} = ended;
		ended.finish();
		if (keepsConnection) {
			this.#reads.resume();
			this.#sent[0]?.startTimers();
		} else {
			this.#fail();
		}
	};

	#handOver(head: ResponseHead): void {
		this.#reads.end();
		this.#socket.off('error', this.#onError).off('end', this.#onEnd).off('close', this.#onClose);
		this.#socket.unshift(this.#parser.rest);
		this.#sent.shift()?.switchProtocols(head, this.#socket);
		this.#failAll();
	}

	readonly #onEnd = (): void => {
		this.#reads.flush();
		try {
			this.#parser.end();
		} catch {
			// The call below reports the truncation.
		}

		this.#fail();
	};

	readonly #onError = (error: Error): void => {
		this.#reads.flush();
		this.#fail(error);
	};

	readonly #onClose = (): void => {
		this.#reads.flush();
		this.#fail();
	};

	readonly #onExchangeFailed = (exchange: Exchange, error: Error): void => {
		const index = this.#waiting.indexOf(exchange);
		if (index === -1) {
			this.#fail(error);
		} else {
			this.#waiting.splice(index, 1);
			exchange.fail(error);
		}
	};

	#fail(error?: Error): void {
		this.#socket.destroy();
		this.#failAll(error);
	}

	#failAll(error?: Error): void {
		for (const exchange of this.#sent.splice(0)) {
			exchange.fail(error);
		}

		for (const exchange of this.#waiting.splice(0)) {
			exchange.fail(goneError());
		}
	}
}

function goneError(): Error {
	return new Error('the connection is gone');
}

export function buildUpgradeRequest({upgrade, protocols}: Pick<UpgradeOptions, 'upgrade' | 'protocols'>): UpgradeRequest {
	const key = randomBytes(16).toString('base64');
	const isWebSocket = upgrade === 'websocket';
	const protocolHeader = isWebSocket ? 'Sec-WebSocket-Protocol' : 'X-Stream-Protocol-Version';
	return {
		headers: {
			Connection: 'Upgrade',
			Upgrade: upgrade,
			...(isWebSocket ? {'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': key} : {'Content-Length': '0'}),
			...(protocols.length > 0 && {[protocolHeader]: isWebSocket ? protocols.join(', ') : protocols}),
		},
		check(headers, peerName) {
			if (isWebSocket && headers['sec-websocket-accept'] !== webSocketAccept(key)) {
				throw upgradeError(peerName, 'Sec-WebSocket-Accept does not match the key');
			}

			if (headers.upgrade?.toLowerCase() !== upgrade.toLowerCase()) {
				const switched = headers.upgrade ?? 'no named protocol';
				throw upgradeError(peerName, `spoke requested ${upgrade.toLowerCase()}, but it switched to ${switched}`);
			}

			const [agreed] = [headers[protocolHeader.toLowerCase()]].flat();
			if (agreed !== undefined && !protocols.includes(agreed)) {
				throw upgradeError(peerName, `it selected the protocol ${agreed}, which was not offered`);
			}

			return agreed ?? null;
		},
	};
}

function upgradeError(peerName: string, why: string): SpokeError {
	return new SpokeError('ERR_UPGRADE_REFUSED', `${peerName} sent an invalid upgrade response: ${why}`);
}

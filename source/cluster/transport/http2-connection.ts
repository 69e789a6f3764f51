/** One HTTP/2 connection (RFC 9113), on which several clients send requests as if each had a connection of its own. */
import {
	connect,
	type ClientHttp2Session,
	type ClientHttp2Stream,
	type OutgoingHttpHeaders,
	type IncomingHttpHeaders,
	type IncomingHttpStatusHeader,
} from 'node:http2';
import type {TLSSocket} from 'node:tls';
import type {Socket} from 'node:net';
import {rejectOnAbort, monotonicMs} from '../../base/async/clock.ts';
import {ConnectionClosedError, requestError, responseTimeoutError, NotProcessedError} from './response-body.ts';
import {pipeline, Readable} from 'node:stream';
import {pauseReads} from '../../wire/node-internals.ts';
import {protocolError} from '../../wire/protocol-error.ts';
import type {ResponseHead} from '../../wire/response-head.ts';
import {Exchange, type HttpRequest, type HttpResult} from './exchange.ts';
import {noop} from './dial-tcp.ts';

/** Half of the streams that an apiserver allows: a client can send more than one request (apiserver, pkg/server/secure_serving.go). */
export const maxClients = 50;
/** Bytes of one response that the server can send before they are read. */
const streamWindowBytes = 256 * 1024;
const settingsTimeoutMs = 10_000;
/** A connection that was alive so recently is not asked again. */
const aliveForMs = 2000;
const pingTimeoutMs = 3000;

export type Http2Peer = {
	/** Name of the peer in messages: `the apiserver https://…`. */
	peerName: string;
	/** `host:port`. */
	authority: string;
};

/** Too short to notice. With 100 logs and 2,000 lines per second in total, it saves a quarter of the processor time. */
const pauseMs = 8;
/** At so many response bytes per event loop turn, a pause would limit the throughput. */
const floodBytes = 16 * 1024;
/** Time after a request in which no pause begins, so that its response is not delayed. */
const noPauseAfterRequestMs = 1000;

/** RFC 9113 §7. */
const noErrorCode = 0;
const refusedStreamCode = 7;
const cancelCode = 8;

/**
Owns the socket. Resolves when the server has sent its settings, because they limit the number of streams.
@throws SpokeError ERR_APISERVER_UNREACHABLE, ERR_APISERVER_TIMEOUT, ERR_CLIENT_CERTIFICATE; the signal's reason
*/
export async function openHttp2(socket: TLSSocket, {peerName}: Http2Peer, signal: AbortSignal): Promise<Http2Connection> {
	// Requests name their own authority, which Node may be unable to parse.
	const session = connect('https://apiserver', {
		createConnection: () => socket,
		settings: {enablePush: false, initialWindowSize: streamWindowBytes},
	});
	const {promise, resolve, reject} = Promise.withResolvers<void>();
	const timer = setTimeout(() => {
		reject(responseTimeoutError(peerName, settingsTimeoutMs));
	}, settingsTimeoutMs);
	// The error listener stays: without one, an error of an idle session would end the process.
	session
		.once('remoteSettings', () => {
			resolve();
		})
		.on('error', reject)
		.once('close', () => {
			reject(new ConnectionClosedError({inResponse: false}));
		});
	try {
		await rejectOnAbort(async () => promise, signal);
	} catch (error) {
		session.destroy();
		throw requestError(error as Error, peerName, signal);
	} finally {
		clearTimeout(timer);
	}

	return new Http2Connection(session, new Http2ReadThrottle(socket));
}

export class Http2Connection {
	readonly #session: ClientHttp2Session;
	readonly #throttle: Http2ReadThrottle;
	readonly #maxClients: number;
	#clients = 0;
	#isRetired = false;
	#aliveAt = monotonicMs();
	#ping: Promise<boolean> | undefined;

	constructor(session: ClientHttp2Session, throttle: Http2ReadThrottle) {
		this.#session = session;
		this.#throttle = throttle;
		this.#maxClients = Math.min(maxClients, session.remoteSettings.maxConcurrentStreams ?? maxClients);
		// A stream whose reader pauses must not use up what the others may receive.
		session.setLocalWindowSize(maxClients * streamWindowBytes);
	}

	/** False if the server allows no streams. */
	get allowsClients(): boolean {
		return this.#maxClients > 0;
	}

	/** False after a GOAWAY, although open responses continue. */
	get isUsable(): boolean {
		return this.isOpen && !this.#session.closed;
	}

	get isOpen(): boolean {
		return !this.#session.destroyed;
	}

	get canAddClient(): boolean {
		return this.isUsable && !this.#isRetired && this.#clients < this.#maxClients;
	}

	/** Whether the server responds. If it does not, this connection gets no more clients. */
	async isAlive(): Promise<boolean> {
		if (monotonicMs() - this.#aliveAt < aliveForMs) {
			return true;
		}

		this.#ping ??= this.#sendPing().finally(() => {
			this.#ping = undefined;
		});
		const isAlive = await this.#ping;
		this.#isRetired ||= !isAlive;
		return isAlive;
	}

	addClient(): void {
		this.#clients++;
	}

	/**
	The connection closes with its last client.
	@param hasCanceled it canceled a response: the connection may be dead, so new clients get another one
	*/
	removeClient({hasCanceled}: {hasCanceled: boolean}): void {
		this.#clients--;
		this.#isRetired ||= hasCanceled;
		this.closeIfUnused();
	}

	request(headers: OutgoingHttpHeaders, {endStream}: {endStream: boolean}): ClientHttp2Stream {
		this.#throttle.onRequest();
		return this.#session.request(headers, {endStream});
	}

	/** Call for each chunk of a response body: reads of small chunks are throttled. */
	onResponseBytes(count: number): void {
		this.#throttle.onResponseBytes(count);
	}

	onClosed(listener: () => void): void {
		this.#session.once('close', listener);
	}

	closeIfUnused(): void {
		if (this.#clients === 0) {
			this.close();
		}
	}

	/** At once: `close` of a session waits for the server, which may not respond any more. */
	close(): void {
		this.#session.destroy();
	}

	async #sendPing(): Promise<boolean> {
		return new Promise(resolve => {
			const timer = setTimeout(() => {
				resolve(false);
			}, pingTimeoutMs);
			this.#session.ping(error => {
				clearTimeout(timer);
				if (!error) {
					this.#aliveAt = monotonicMs();
				}

				resolve(!error);
			});
		});
	}
}

/**
After each event loop turn with response bytes, pauses reading for 8 ms: waking the process for a read costs more than processing the few
lines that it brings. The first bytes after a quiet time are not delayed.
@see read-coalescer.ts for HTTP/1.1
*/
class Http2ReadThrottle {
	readonly #socket: Socket;
	#bytesInTurn = 0;
	#noPauseUntil = 0;

	constructor(socket: Socket) {
		this.#socket = socket;
	}

	onRequest(): void {
		this.#noPauseUntil = monotonicMs() + noPauseAfterRequestMs;
	}

	/** Call for each chunk of a response body. */
	onResponseBytes(count: number): void {
		if (this.#bytesInTurn === 0) {
			setImmediate(() => {
				this.#endTurn();
			});
		}

		this.#bytesInTurn += count;
	}

	#endTurn(): void {
		const isFlood = this.#bytesInTurn >= floodBytes;
		this.#bytesInTurn = 0;
		if (isFlood || monotonicMs() < this.#noPauseUntil) {
			return;
		}

		setTimeout(pauseReads(this.#socket), pauseMs);
	}
}

/** Fails as an HTTP/1.1 client does: a timeout or an abort ends all requests of this client, but not those of other clients. */
export class Http2Client {
	readonly protocol = 'HTTP/2';
	/** It is never kept for others, because another client costs nothing. */
	readonly isIdle = false;
	readonly #connection: Http2Connection;
	readonly #peer: Http2Peer;
	readonly #streams = new Set<ClientHttp2Stream>();
	#isClosed = false;

	constructor(connection: Http2Connection, peer: Http2Peer) {
		this.#connection = connection;
		this.#peer = peer;
		connection.addClient();
	}

	get isUsable(): boolean {
		return !this.#isClosed && this.#connection.isUsable;
	}

	/**
	Requests do not wait for each other.
	@throws as `HttpClient.send`; TypeError for an upgrade
	*/
	async send(request: HttpRequest): Promise<HttpResult> {
		request.signal?.throwIfAborted();
		if (request.kind === 'upgrade') {
			throw new TypeError('an upgrade needs HTTP/1.1');
		}

		const exchange = new Exchange(request, this.#peer.peerName, (_, error) => {
			this.close(error);
			exchange.fail(error);
		});
		try {
			this.#begin(exchange, request);
		} catch (error) {
			exchange.fail(error as Error);
		}

		return exchange.response;
	}

	/** Cancels open responses. */
	close(error?: Error): void {
		if (this.#isClosed) {
			return;
		}

		this.#isClosed = true;
		const open = [...this.#streams].filter(stream => !stream.destroyed && !stream.readableEnded);
		for (const stream of open) {
			stream.close(cancelCode);
			stream.destroy(error);
		}

		this.#connection.removeClient({hasCanceled: open.length > 0});
	}

	/** @throws Error if the connection takes no more requests */
	#begin(exchange: Exchange, request: HttpRequest): void {
		if (!this.isUsable) {
			throw new NotProcessedError();
		}

		const {body} = request;
		const stream = this.#connection.request(headersOf(request, this.#peer), {endStream: body === undefined});
		const {maxBodyBytes} = exchange.limits;
		let receivedBytes = 0;
		const hasReceivedEnd = watchForEnd(stream);
		let isComplete = false;
		let failure: Error | undefined;
		this.#streams.add(stream);
		stream
			.once('response', headers => {
				exchange.begin(headOf(headers), {pause: () => stream.pause(), resume: () => stream.resume()});
				stream.on('data', (chunk: Buffer) => {
					this.#connection.onResponseBytes(chunk.length);
					receivedBytes += chunk.length;
					if (receivedBytes > maxBodyBytes) {
						stream.destroy(protocolError(`a response of ${this.#peer.peerName} is larger than ${maxBodyBytes} bytes`));
					} else {
						exchange.body!.add(chunk);
					}
				});
			})
			.once('error', (error: Error) => {
				failure = stream.rstCode === refusedStreamCode ? new NotProcessedError() : error;
			})
			.once('end', () => {
				isComplete = exchange.body !== undefined && hasReceivedEnd() && stream.rstCode === noErrorCode && this.#connection.isOpen;
			})
			.once('close', () => {
				this.#streams.delete(stream);
				if (isComplete) {
					exchange.finish();
				} else {
					exchange.fail(failure);
				}
			});
		exchange.startTimers();
		if (body instanceof Readable) {
			pipeline(body, stream, noop);
		} else if (body !== undefined) {
			stream.end(body);
		}
	}
}

/**
Returns whether the server has ended the response (END_STREAM). Node emits `end` also when a stream is reset or its connection is lost, but
has closed the stream by then. https://github.com/nodejs/node/blob/v24.0.0/lib/internal/http2/core.js onStreamClose
*/
function watchForEnd(stream: ClientHttp2Stream): () => boolean {
	const push = stream.push.bind(stream);
	let hasEnded = false;
	stream.push = (chunk: unknown, encoding?: BufferEncoding) => {
		hasEnded ||= chunk === null && !stream.closed;
		return push(chunk, encoding);
	};

	return () => hasEnded;
}

/** The names are in lower case, and the authority replaces the host (RFC 9113 §8.2.1 and §8.3.1). */
function headersOf({method, target, headers}: HttpRequest, {authority}: Http2Peer): OutgoingHttpHeaders {
	const fields: OutgoingHttpHeaders = {':method': method, ':path': target, ':scheme': 'https', ':authority': authority};
	for (const [name, value] of Object.entries(headers)) {
		if (name.toLowerCase() !== 'host') {
			fields[name.toLowerCase()] = typeof value === 'string' ? value : [...value];
		}
	}

	return fields;
}

function headOf({':status': status = 0, ...headers}: IncomingHttpHeaders & IncomingHttpStatusHeader): ResponseHead {
	return {status, statusText: '', headers: headers as ResponseHead['headers'], closesConnection: false};
}

/** Requests of one client of an HTTP/2 connection. */
import {pipeline, Readable} from 'node:stream';
import type {ClientHttp2Stream, IncomingHttpHeaders, IncomingHttpStatusHeader, OutgoingHttpHeaders} from 'node:http2';
import {protocolError} from '../../wire/protocol-error.ts';
import type {ResponseHead} from '../../wire/response-head.ts';
import {Exchange, type HttpRequest, type HttpResult} from './exchange.ts';
import type {Http2Connection, Http2Peer} from './http2-connection.ts';
import {noop} from './dial-tcp.ts';
import {NotProcessedError} from './request-errors.ts';

/** RFC 9113 §7. */
const noErrorCode = 0;
const refusedStreamCode = 7;
const cancelCode = 8;

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

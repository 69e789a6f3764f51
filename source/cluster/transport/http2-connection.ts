/** One HTTP/2 connection (RFC 9113), on which several clients send requests as if each had a connection of its own. */
import {connect, type ClientHttp2Session, type ClientHttp2Stream, type OutgoingHttpHeaders} from 'node:http2';
import type {TLSSocket} from 'node:tls';
import {ConnectionClosedError, requestError, responseTimeoutError} from './request-errors.ts';

/** Half of what an apiserver allows, so that a lost connection interrupts fewer streams (apiserver, pkg/server/secure_serving.go). */
const maxClients = 50;
/** Bytes of one response that the server can send before they are read. */
const streamWindowBytes = 256 * 1024;
const settingsTimeoutMs = 10_000;

export type Http2Peer = {
	/** Name of the peer in messages: `the apiserver https://…`. */
	peerName: string;
	/** `host:port`. */
	authority: string;
};

/**
Resolves when the server has sent its settings, because they limit the number of streams.
@throws SpokeError ERR_APISERVER_UNREACHABLE, ERR_APISERVER_TIMEOUT, ERR_CLIENT_CERTIFICATE
*/
export async function openHttp2(socket: TLSSocket, peer: Http2Peer): Promise<Http2Connection> {
	const session = connect(`https://${peer.authority}`, {
		createConnection: () => socket,
		settings: {enablePush: false, initialWindowSize: streamWindowBytes},
	});
	const {promise, resolve, reject} = Promise.withResolvers<void>();
	const timer = setTimeout(() => {
		reject(responseTimeoutError(peer.peerName, settingsTimeoutMs));
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
		await promise;
	} catch (error) {
		session.destroy();
		throw requestError(error as Error, peer.peerName, undefined);
	} finally {
		clearTimeout(timer);
	}

	return new Http2Connection(session);
}

export class Http2Connection {
	readonly #session: ClientHttp2Session;
	readonly #maxClients: number;
	#clients = 0;
	#isRetired = false;

	constructor(session: ClientHttp2Session) {
		this.#session = session;
		this.#maxClients = Math.min(maxClients, session.remoteSettings.maxConcurrentStreams ?? maxClients);
		// A stream whose reader pauses must not use up what the others may receive.
		session.setLocalWindowSize(maxClients * streamWindowBytes);
	}

	/** False after a GOAWAY, although open responses continue. */
	get isUsable(): boolean {
		return !this.#session.closed && !this.#session.destroyed;
	}

	get isAlive(): boolean {
		return !this.#session.destroyed;
	}

	get canAddClient(): boolean {
		return this.isUsable && !this.#isRetired && this.#clients < this.#maxClients;
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
		return this.#session.request(headers, {endStream});
	}

	onClosed(listener: () => void): void {
		this.#session.once('close', listener);
	}

	closeIfUnused(): void {
		if (this.#clients === 0) {
			this.#session.close();
		}
	}

	close(): void {
		this.#session.destroy();
	}
}

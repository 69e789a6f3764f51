/** HTTP/2 connections that many logs share, as those of kubectl do. */
import {rejectOnAbort} from '../async/abortable.ts';
import {
	type ApiserverConnection,
	type ConnectionConfig,
	createConnection,
	createHttp1Connection,
	dialApiserver,
	type DialedSocket,
	type OnReleased,
} from './apiserver-connection.ts';
import {Http2Client} from './transport/http2-client.ts';
import {type Http2Connection, type Http2Peer, maxClients, openHttp2} from './transport/http2-connection.ts';
import {peerNameOf} from './transport/open-socket.ts';

type SharedConnection = {http2: Http2Connection; dialed: DialedSocket};
/** `opened`: `null` if the server does not support HTTP/2. */
type Opening = {opened: Promise<SharedConnection | null>; abort: AbortController; waiters: number};

/** An opened connection that nothing uses is closed after this time. */
const unusedTimeoutMs = 1000;

export class SharedConnections {
	readonly #access: ConnectionConfig;
	readonly #peer: Http2Peer;
	readonly #onReleased: OnReleased;
	readonly #connections = new Set<SharedConnection>();
	readonly #openings = new Set<Opening>();
	#isSupported: boolean;

	/** `onReleased`: gets the connection of a server that does not support HTTP/2. */
	constructor(access: ConnectionConfig, {isDisabled, onReleased}: {isDisabled: boolean; onReleased: OnReleased}) {
		this.#access = access;
		this.#peer = {peerName: peerNameOf(access.route), authority: access.route.server.authority};
		this.#onReleased = onReleased;
		// With HTTP/2, Node does not bound the bytes that are handled per event loop turn.
		this.#isSupported = access.route.tls !== null && !access.isInteractive && !isDisabled;
	}

	/**
	`null` if HTTP/2 cannot be used. Closing the result does not close the shared connection while others use it.
	@throws SpokeError as `openConnection`
	*/
	async connect(signal?: AbortSignal): Promise<ApiserverConnection | null> {
		const {certificate} = await this.#access.credentials.current(signal);
		while (this.#isSupported) {
			const shared =
				[...this.#connections].find(({http2, dialed}) => http2.canAddClient && dialed.identity.certificate === certificate) ??
				(await this.#open(signal));
			// The client certificate was renewed, or the server already closes the connection.
			if (shared?.dialed.identity.certificate !== certificate || !shared.http2.isUsable) {
				return null;
			}

			if ((await shared.http2.isAlive()) && shared.http2.canAddClient) {
				return createConnection(new Http2Client(shared.http2, this.#peer), this.#access, shared.dialed);
			}
		}

		return null;
	}

	close(): void {
		this.#isSupported = false;
		for (const {abort} of this.#openings) {
			abort.abort();
		}

		for (const {http2} of this.#connections) {
			http2.close();
		}
	}

	/** Waits for a connection that others open, too, unless they will fill it. An abort ends the opening if no other waits. */
	async #open(signal: AbortSignal | undefined): Promise<SharedConnection | null> {
		signal?.throwIfAborted();
		const opening = [...this.#openings].find(({waiters}) => waiters < maxClients) ?? this.#startOpening();
		opening.waiters++;
		try {
			return await rejectOnAbort(async () => opening.opened, signal);
		} finally {
			opening.waiters--;
			if (opening.waiters === 0) {
				this.#openings.delete(opening);
				opening.abort.abort();
			}
		}
	}

	#startOpening(): Opening {
		const abort = new AbortController();
		const opened = this.#openConnection(abort.signal).finally(() => {
			this.#openings.delete(opening);
		});
		const opening: Opening = {opened, abort, waiters: 0};
		this.#openings.add(opening);
		return opening;
	}

	async #openConnection(signal: AbortSignal): Promise<SharedConnection | null> {
		const dialed = await dialApiserver(this.#access, {signal, offersHttp2: true});
		if (!dialed.http2) {
			this.#isSupported = false;
			createHttp1Connection(this.#access, dialed, this.#onReleased).release();
			return null;
		}

		const shared = {http2: await openHttp2(dialed.http2, this.#peer, signal), dialed};
		if (!shared.http2.allowsClients) {
			this.#isSupported = false;
		}

		this.#connections.add(shared);
		shared.http2.onClosed(() => {
			this.#connections.delete(shared);
		});
		setTimeout(() => {
			shared.http2.closeIfUnused();
		}, unusedTimeoutMs).unref();
		return shared;
	}
}

/** HTTP/2 connections that many logs share, as those of kubectl do. */
import {rejectOnAbort} from '../async/abortable.ts';
import {
	type ConnectionConfig,
	createHttp1Connection,
	createConnection,
	type ApiserverConnection,
	dialApiserver,
	type DialedSocket,
	type OnReleased,
} from './apiserver-connection.ts';
import {Http2Client} from './transport/http2-client.ts';
import {type Http2Connection, type Http2Peer, openHttp2} from './transport/http2-connection.ts';
import {peerNameOf} from './transport/open-socket.ts';

type SharedConnection = {http2: Http2Connection; dialed: DialedSocket};

/** An opened connection is closed after this time if nothing uses it, because all that waited for it were aborted. */
const unusedTimeoutMs = 1000;

export class SharedConnections {
	readonly #access: ConnectionConfig;
	readonly #peer: Http2Peer;
	readonly #onReleased: OnReleased;
	readonly #connections = new Set<SharedConnection>();
	#opening: Promise<void> | undefined;
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
		while (this.#isSupported) {
			const {certificate} = await this.#access.credentials.current(signal);
			const shared = [...this.#connections].find(({http2, dialed}) => http2.canAddClient && dialed.identity.certificate === certificate);
			if (shared) {
				return createConnection(new Http2Client(shared.http2, this.#peer), this.#access, shared.dialed);
			}

			signal?.throwIfAborted();
			// Not aborted by this signal, because other callers wait for it.
			this.#opening ??= this.#openConnection().finally(() => {
				this.#opening = undefined;
			});
			await rejectOnAbort(async () => this.#opening, signal);
		}

		return null;
	}

	close(): void {
		this.#isSupported = false;
		for (const {http2} of this.#connections) {
			http2.close();
		}
	}

	async #openConnection(): Promise<void> {
		const dialed = await dialApiserver(this.#access, {offersHttp2: true});
		if (!dialed.http2) {
			this.#isSupported = false;
			createHttp1Connection(this.#access, dialed, this.#onReleased).release();
			return;
		}

		const http2 = await openHttp2(dialed.http2, this.#peer);
		// Closed meanwhile, or the server allows no streams.
		if (!this.#isSupported || !http2.canAddClient) {
			this.#isSupported = false;
			http2.close();
			return;
		}

		const shared = {http2, dialed};
		this.#connections.add(shared);
		http2.onClosed(() => {
			this.#connections.delete(shared);
		});
		setTimeout(() => {
			http2.closeIfUnused();
		}, unusedTimeoutMs).unref();
	}
}

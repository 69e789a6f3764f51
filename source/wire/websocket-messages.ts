/** How do an upgraded socket's bytes become WebSocket messages, and back? */
import * as ws from 'ws';
import {EventEmitter} from 'node:events';
import {Socket} from 'node:net';
import type {Duplex, Writable} from 'node:stream';
import type {SpokeError} from '../errors/spoke-error.ts';
import {BoundedReplies} from './bounded-replies.ts';
import {unsentBytes, destroyWhenDrained} from './destroy-when-drained.ts';
import {maskedMessage, reuseMessage} from './masked-message.ts';
import {PongTracker, type MonotonicClock} from './pong-tracker.ts';
import {streamLostBecause, protocolError, streamLostError} from './protocol-error.ts';
import {keepReadingAfterWriteError} from './read-after-write-error.ts';

export type WebSocketOptions = {
	/** A client masks what it sends. Default client. */
	role?: 'client' | 'server';
	/** Largest message accepted. Default 32 MiB, which is also what the apiserver accepts. */
	maxMessageBytes?: number;
	/** Interval of pings, milliseconds; 0 (the default) sends none. */
	pingIntervalMs?: number;
	/** How long to wait for the answer to our Close before the socket is closed anyway. Default 1 s. */
	closeTimeoutMs?: number;
	/** By which an answer is missed; the machine's by default. */
	clock?: MonotonicClock;
};

/** How it ended. `code` is the Close frame's (RFC 6455 section 7.4), 1005 for a Close without one, 1006 when there was no Close. */
export type WebSocketCloseResult = {code: number; reason: string; error: SpokeError | null};

/** Whether a Close says that all went well: 1000, none at all, or our own that was not answered. */
export function isNormalClose(code: number): boolean {
	return code === 1000 || code === 1005 || code === 1006;
}

type MessageEvents = {
	message: [payload: Buffer, binary: boolean];
	/** After `send` returned false: more may be sent. */
	drain: [];
	/** Round trip of a ping, milliseconds. */
	roundTrip: [number];
	/** No ping was answered for so long, milliseconds, which is longer than it takes. */
	pingOverdue: [number];
	/** Once, last. */
	close: [WebSocketCloseResult];
};

/** After our Close the other side's messages are still read, whether anybody takes them or not: it must not send more than this. */
const maxBytesAfterClose = 64 << 20;

/** Codes for ws's errors; everything else is a plain protocol error, 1002. */
const closeCodes: Readonly<Record<string, number>> = {
	WS_ERR_INVALID_UTF8: 1007,
	WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
	WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
	WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
};

/** Every message goes out in one frame: Kubernetes' server takes a continuation for a new message. */
export class WebSocketMessages extends EventEmitter<MessageEvents> {
	/** When anything last came from the other side, pongs too; `performance.now()`. */
	lastReceivedAt = performance.now();
	readonly #socket: Duplex;
	readonly #receiver: InstanceType<typeof Receiver>;
	readonly #sender: InstanceType<typeof Sender>;
	readonly #isClient: boolean;
	readonly #closeTimeoutMs: number;
	readonly #pingTimer: NodeJS.Timeout | undefined;
	readonly #pongTracker: PongTracker;
	/** A pong says nothing that a later one does not, so one at a time: the other side may never read them. */
	readonly #pongs = new BoundedReplies<Buffer>(1, (payload, onSent) => {
		if (this.#didSendClose || this.#closeResult) {
			onSent();
		} else {
			this.#sender.pong(payload, this.#isClient, onSent);
		}
	});

	#pingCount = 0;
	#bytesAfterClose = 0;
	#isPaused = false;
	#didSendClose = false;
	#closeTimer: NodeJS.Timeout | undefined;
	#closeResult: WebSocketCloseResult | undefined;
	/** The other side takes nothing more; what it said before is still read. */
	#writeError: Error | undefined;

	/** `head` is what came behind the 101. */
	constructor(socket: Duplex, head: Buffer, options: WebSocketOptions = {}) {
		super();
		this.#socket = socket;
		this.#isClient = options.role !== 'server';
		this.#closeTimeoutMs = options.closeTimeoutMs ?? 1000;
		this.#sender = new Sender(socket);
		this.#pongTracker = new PongTracker({
			onPingOverdue: milliseconds => this.emit('pingOverdue', milliseconds),
			isPaused: () => this.#isPaused,
			clock: options.clock,
		});
		this.#receiver = new Receiver({
			isServer: !this.#isClient,
			maxPayload: options.maxMessageBytes ?? 32 << 20,
			maxFragments: 16_384,
			maxBufferedChunks: 1 << 20,
		});
		// Before anybody listens to the socket: one that is read already would give it out at once, and nobody hears our messages yet.
		if (head.length > 0) {
			socket.unshift(head);
		}

		keepReadingAfterWriteError(socket, error => {
			this.#writeError = error;
		});
		this.#listenToReceiver();
		this.#listenToSocket();

		if (options.pingIntervalMs) {
			this.#pingTimer = setInterval(() => {
				this.ping();
			}, options.pingIntervalMs).unref();
		}
	}

	/**
	Sends one message, its parts joined, binary unless said otherwise.
	False when the socket's buffer is full, or the other side takes nothing more: wait for 'drain'.
	*/
	send(payload: Uint8Array | readonly Uint8Array[], {binary = true}: {binary?: boolean} = {}): boolean {
		if (this.#didSendClose || this.#closeResult) {
			return true;
		}

		const parts = payload instanceof Uint8Array ? [payload] : payload;
		if (this.#isClient) {
			const message = maskedMessage(parts, binary);
			this.#socket.write(message, error => {
				// A real socket holds nothing of what it has written; a stream within this process may have handed it on.
				if (!error && this.#socket instanceof Socket) {
					reuseMessage(message);
				}
			});
		} else {
			this.#sender.send(Buffer.concat(parts), {binary, compress: false, fin: true, mask: false});
		}

		return !this.#socket.writableNeedDrain && !this.#writeError;
	}

	/** What the system has not taken yet. @see unsentBytes */
	get bufferedBytes(): number {
		return unsentBytes(this.#socket);
	}

	ping(): void {
		if (this.#didSendClose || this.#closeResult) {
			return;
		}

		this.#pingCount++;
		this.#pongTracker.sent(this.#pingCount);
		this.#sender.ping(Buffer.from(String(this.#pingCount)), this.#isClient);
	}

	/** No more messages, but for those of the chunk being read. Pongs are not seen while paused. */
	pause(): void {
		this.#isPaused = true;
		this.#socket.pause();
	}

	resume(): void {
		this.#isPaused = false;
		if (!this.#receiver.writableNeedDrain) {
			this.#socket.resume();
		}
	}

	/** Sends Close and waits for the other side's, at most `closeTimeoutMs`; messages still come meanwhile. */
	close(code = 1000, reason = ''): void {
		if (this.#didSendClose || this.#closeResult) {
			return;
		}

		this.#sendClose(code, reason);
		this.#closeTimer = setTimeout(() => {
			this.#finish(resultWithoutClose(null));
		}, this.#closeTimeoutMs);
		this.resume();
	}

	/** Ends the socket at once. */
	destroy(error: SpokeError | null = null): void {
		this.#finish(resultWithoutClose(error));
		this.#socket.destroy();
	}

	#listenToReceiver(): void {
		this.#receiver.on('message', (payload: Buffer, binary: boolean) => {
			this.#onMessage(payload, binary);
		});
		this.#receiver.on('ping', (payload: Buffer) => {
			this.#pongs.add(payload);
		});
		this.#receiver.on('pong', (payload: Buffer) => {
			const milliseconds = this.#pongTracker.received(Number(payload.toString()));
			if (milliseconds !== undefined) {
				this.emit('roundTrip', milliseconds);
			}
		});
		this.#receiver.on('conclude', (code: number, reason: Buffer) => {
			this.#sendClose(code === 1005 ? 1000 : code, '');
			this.#finish({code, reason: reason.toString(), error: null});
		});
		this.#receiver.on('error', (error: Error & {code?: string}) => {
			this.#sendClose(closeCodes[error.code ?? ''] ?? 1002, '');
			this.#finish(resultWithoutClose(protocolError(`the other side broke the WebSocket protocol: ${error.message}`)));
		});
		this.#receiver.on('drain', () => {
			if (!this.#isPaused) {
				this.#socket.resume();
			}
		});
	}

	#onMessage(payload: Buffer, binary: boolean): void {
		this.#bytesAfterClose += this.#didSendClose ? payload.length : 0;
		if (this.#bytesAfterClose > maxBytesAfterClose) {
			this.destroy(protocolError(`more than ${maxBytesAfterClose >> 20} MiB came after our Close`));
		} else if (!this.#closeResult) {
			this.emit('message', payload, binary);
		}
	}

	#listenToSocket(): void {
		this.#socket.on('data', (chunk: Buffer) => {
			if (this.#closeResult) {
				return;
			}

			this.lastReceivedAt = performance.now();
			if (!this.#receiver.write(chunk)) {
				this.#socket.pause();
			}
		});
		this.#socket.on('drain', () => {
			if (!this.#writeError) {
				this.emit('drain');
			}
		});
		this.#socket.on('end', () => {
			this.#finish(this.#resultWithoutClose());
		});
		this.#socket.on('close', () => {
			this.#finish(this.#resultWithoutClose());
		});
		this.#socket.on('error', error => {
			this.#finish(resultWithoutClose(streamLostBecause(this.#writeError ?? error)));
		});
	}

	/** Behind a Close of ours the connection may end as it likes. */
	#resultWithoutClose(): WebSocketCloseResult {
		return resultWithoutClose(this.#didSendClose ? null : this.#lossError());
	}

	#lossError(): SpokeError {
		return this.#writeError ? streamLostBecause(this.#writeError) : streamLostError('the connection ended without a WebSocket Close');
	}

	#sendClose(code: number, reason: string): void {
		if (this.#didSendClose || !this.#socket.writable) {
			return;
		}

		this.#didSendClose = true;
		this.#sender.close(code, reason, this.#isClient);
	}

	#finish(ending: WebSocketCloseResult): void {
		if (this.#closeResult) {
			return;
		}

		this.#closeResult = ending;
		clearInterval(this.#pingTimer);
		this.#pongTracker.stop();
		clearTimeout(this.#closeTimer);
		this.#socket.end();
		// What the other side still sends is read over, so that its end is seen; a side that never ends is not waited for.
		this.#socket.resume();
		destroyWhenDrained(this.#socket);
		this.emit('close', ending);
	}
}

/** Without a Close of the other side. */
function resultWithoutClose(error: SpokeError | null): WebSocketCloseResult {
	return {code: 1006, reason: '', error};
}

/** Emits `message` (payload, binary), `ping` and `pong` (payload), `conclude` (code, reason) and, once, `error`. */
type FrameReceiver = Writable;

type SendOptions = {binary: boolean; compress: boolean; fin: boolean; mask: boolean};

type FrameSender = {
	send(payload: Uint8Array, options: SendOptions, sent?: (error?: Error) => void): void;
	ping(payload: Uint8Array, mask: boolean): void;
	pong(payload: Uint8Array, mask: boolean, sent?: (error?: Error) => void): void;
	close(code: number, reason: string, mask: boolean): void;
};

type Framing = {
	Receiver: new (options: {isServer: boolean; maxPayload: number; maxFragments: number; maxBufferedChunks: number}) => FrameReceiver;
	Sender: new (socket: Duplex) => FrameSender;
};

// Not by destructuring: so the rest of ws, with its own HTTP client, stays out of the bundle.
// eslint-disable-next-line prefer-destructuring
export const Receiver = (ws as unknown as Framing).Receiver;
// eslint-disable-next-line prefer-destructuring
export const Sender = (ws as unknown as Framing).Sender;

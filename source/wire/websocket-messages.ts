/** WebSocket messages over an upgraded socket. */
import * as ws from 'ws';
import {EventEmitter} from 'node:events';
import {Socket} from 'node:net';
import type {Duplex, Writable} from 'node:stream';
import type {MonotonicClock} from '../async/clock.ts';
import type {SpokeError} from '../errors/spoke-error.ts';
import {BoundedReplies} from './bounded-replies.ts';
import {unsentBytes, destroyWhenDrained} from './destroy-when-drained.ts';
import {maskedMessage, reuseMessage} from './masked-message.ts';
import {PongTracker} from './pong-tracker.ts';
import {streamLostBecause, protocolError, streamLostError} from './protocol-error.ts';
import {keepReadingAfterWriteError} from './read-after-write-error.ts';

export type WebSocketOptions = {
	/** A client masks. Default client. */
	role?: 'client' | 'server';
	/** Default 32 MiB, as in the apiserver. */
	maxMessageBytes?: number;
	/** 0 (the default) sends none. */
	pingIntervalMs?: number;
	/** Time for the other side's Close. Default 1 s. */
	closeTimeoutMs?: number;
	clock?: MonotonicClock;
};

/** RFC 6455 section 7.4; 1005 for a Close without code, 1006 without Close. */
export type WebSocketCloseResult = {code: number; reason: string; error: SpokeError | null};

/** 1000, no code, or an unanswered local Close. */
export function isNormalClose(code: number): boolean {
	return code === 1000 || code === 1005 || code === 1006;
}

type MessageEvents = {
	message: [payload: Buffer, binary: boolean];
	/** More can be sent after `send` returned false. */
	drain: [];
	/** Milliseconds. */
	roundTrip: [number];
	/** Milliseconds without a pong. */
	pingOverdue: [number];
	/** Once, last. */
	close: [WebSocketCloseResult];
};

/** Messages are still read after a sent Close. */
const maxBytesAfterClose = 64 << 20;

/** Close codes for errors of ws; any other error is 1002. */
const closeCodes: Readonly<Record<string, number>> = {
	WS_ERR_INVALID_UTF8: 1007,
	WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 1009,
	WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH: 1009,
	WS_ERR_TOO_MANY_BUFFERED_PARTS: 1008,
};

/** Sends one frame per message, because Kubernetes' server takes a continuation for a new message. */
export class WebSocketMessages extends EventEmitter<MessageEvents> {
	/** Time of the last received frame, pongs included, by `performance.now()`. */
	lastReceivedAt = performance.now();
	readonly #socket: Duplex;
	readonly #receiver: InstanceType<typeof Receiver>;
	readonly #sender: InstanceType<typeof Sender>;
	readonly #isClient: boolean;
	readonly #closeTimeoutMs: number;
	readonly #pingTimer: NodeJS.Timeout | undefined;
	readonly #pongTracker: PongTracker;
	/** A later pong replaces an earlier one, and the other side may never read them. */
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
	/** Data received before is still read. */
	#writeError: Error | undefined;

	/** `head`: bytes after the 101. */
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
		// A flowing socket would emit it before there is a listener for messages.
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

	/** Joins the parts. False if the buffer is full or the other side accepts no more: wait for 'drain'. */
	send(payload: Uint8Array | readonly Uint8Array[], {binary = true}: {binary?: boolean} = {}): boolean {
		if (this.#didSendClose || this.#closeResult) {
			return true;
		}

		const parts = payload instanceof Uint8Array ? [payload] : payload;
		if (this.#isClient) {
			const message = maskedMessage(parts, binary);
			this.#socket.write(message, error => {
				// A stream within this process may have passed the memory on.
				if (!error && this.#socket instanceof Socket) {
					reuseMessage(message);
				}
			});
		} else {
			this.#sender.send(Buffer.concat(parts), {binary, compress: false, fin: true, mask: false});
		}

		return !this.#socket.writableNeedDrain && !this.#writeError;
	}

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

	/** Messages of the current chunk are still emitted; pongs are not seen. */
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

	/** Messages are still emitted until the other side's Close or `closeTimeoutMs`. */
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
			this.#finish(resultWithoutClose(protocolError(`the other side violated the WebSocket protocol: ${error.message}`)));
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
			this.destroy(protocolError(`more than ${maxBytesAfterClose >> 20} MiB received after the Close was sent`));
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

	/** The result of a connection that ended without a Close. After a sent Close, any end is normal. */
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
		// Discards further data, to see the end.
		this.#socket.resume();
		destroyWhenDrained(this.#socket);
		this.emit('close', ending);
	}
}

function resultWithoutClose(error: SpokeError | null): WebSocketCloseResult {
	return {code: 1006, reason: '', error};
}

/** Emits `message` (payload, binary), `ping` and `pong` (payload), `conclude` (code, reason) and `error`. */
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

// Keeps the rest of ws, with its HTTP client, out of the bundle.

export const Receiver = (ws as unknown as Framing).Receiver;

export const Sender = (ws as unknown as Framing).Sender;

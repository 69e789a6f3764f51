/**
WebSocket messages over a socket that is already upgraded. ws reads, pings and closes. Its WebSocket cannot do four things, which are here:
read the body of a refused upgrade and offer Kubernetes' protocol names with a `/` (so the cluster's own upgrade precedes it); read on after
a failed write; send on after the close timeout as long as the peer reads; and mask as fast as it encrypts (masked-message.ts).
*/
import {EventEmitter} from 'node:events';
import {Socket} from 'node:net';
import type {Duplex} from 'node:stream';
import {WebSocket, type ClientOptions} from 'ws';
import {randomFillSync} from 'node:crypto';
import {maxTimerMs, type MonotonicClock, monotonicMs} from '../base/async/clock.ts';
import type {SpokeError} from '../base/errors/spoke-error.ts';
import {BoundedReplies} from './byte-collector.ts';
import {destroyWhenDrained} from './end-socket.ts';
import {countRelayedBytes, keepReadingAfterWriteError, unsentBytes} from './node-internals.ts';
import {PongTracker} from './pings.ts';
import {streamLostBecause, protocolError, streamLostError} from './protocol-error.ts';
import {webSocketAccept} from './response-head.ts';

export type WebSocketOptions = {
	/** 0 (the default) sends none. */
	pingIntervalMs?: number;
	/** Time for the other side's Close, and to send what is left after it. Default 1 s. */
	closeTimeoutMs?: number;
	clock?: MonotonicClock;
};

/** RFC 6455 section 7.4; 1005 for a Close without code, 1006 without Close. */
export type WebSocketCloseResult = {code: number; reason: string; error: SpokeError | null};

/** Largest header (2 bytes, 8 of length, 4 of the key), rounded up to mask the payload by words. */
const headBytes = 16;

const keys = new Int32Array(2048);
let nextKey = keys.length;

/** A carrier's message plus one SPDY frame. */
const pooledBytes = (1 << 19) + (1 << 17);
const minPooledBytes = 1 << 16;
const maxFree = 4;
const free: Buffer[] = [];

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

/** As in the apiserver. */
const maxMessageBytes = 32 << 20;

/** Messages are still read after a sent Close. */
const maxBytesAfterClose = 64 << 20;

/** Sends one frame per message, because Kubernetes' server takes a continuation for a new message. */
export class WebSocketMessages extends EventEmitter<MessageEvents> {
	/** Time of the last received frame, pongs included, by `monotonicMs()`. */
	lastReceivedAt = monotonicMs();
	readonly #socket: Duplex;
	readonly #webSocket: WebSocket;
	readonly #closeTimeoutMs: number;
	readonly #pingTimer: NodeJS.Timeout | undefined;
	readonly #pongTracker: PongTracker;
	/** A later pong replaces an earlier one, and the other side may never read them. */
	readonly #pongs = new BoundedReplies<Buffer>(1, (payload, onSent) => {
		this.#webSocket.pong(payload, true, onSent);
	});

	#pingCount = 0;
	#bytesAfterClose = 0;
	#didSendClose = false;
	#closeTimer: NodeJS.Timeout | undefined;
	#hasEnded = false;
	/** Given to `destroy`; `undefined` before. */
	#failure: SpokeError | null | undefined;
	/** Data received before is still read. */
	#writeError: Error | undefined;
	#socketError: Error | undefined;

	constructor(socket: Duplex, options: WebSocketOptions = {}) {
		super();
		this.#socket = socket;
		this.#closeTimeoutMs = options.closeTimeoutMs ?? 1000;
		this.#pongTracker = new PongTracker({
			onPingOverdue: milliseconds => this.emit('pingOverdue', milliseconds),
			isPaused: () => this.#webSocket.isPaused,
			clock: options.clock,
		});
		keepReadingAfterWriteError(socket, error => {
			this.#writeError = error;
		});
		this.#webSocket = overUpgradedSocket(socket);
		this.#listenToWebSocket();
		this.#listenToSocket();
		socket.resume();

		if (options.pingIntervalMs) {
			this.#pingTimer = setInterval(() => {
				this.ping();
			}, options.pingIntervalMs).unref();
		}
	}

	/** Joins the parts. False if the buffer is full or the other side accepts no more: wait for 'drain', which may not come. */
	send(payload: Uint8Array | readonly Uint8Array[], {binary = true}: {binary?: boolean} = {}): boolean {
		if (!this.#isOpen) {
			return !this.#isPeerDone;
		}

		const message = maskedMessage(payload instanceof Uint8Array ? [payload] : payload, binary);
		countRelayedBytes(message.length);
		this.#socket.write(message, error => {
			// A stream within this process may have passed the memory on.
			if (!error && this.#socket instanceof Socket) {
				reuseMessage(message);
			}
		});
		return !this.#socket.writableNeedDrain && !this.#writeError;
	}

	get bufferedBytes(): number {
		return unsentBytes(this.#socket);
	}

	ping(): void {
		if (this.#isOpen) {
			this.#pingCount++;
			this.#pongTracker.sent(this.#pingCount);
			this.#webSocket.ping(String(this.#pingCount));
		}
	}

	/** Messages of the current chunk are still emitted; pongs are not seen. */
	pause(): void {
		this.#webSocket.pause();
	}

	resume(): void {
		this.#webSocket.resume();
	}

	/** Messages are still emitted until the other side's Close or `closeTimeoutMs`. */
	close(): void {
		if (!this.#isOpen) {
			return;
		}

		this.#didSendClose = true;
		this.#webSocket.close(1000);
		this.#closeTimer = setTimeout(() => {
			this.#finish(resultWithoutClose(null));
			this.#socket.end();
			// Discards further data, to see the end.
			this.#socket.resume();
			destroyWhenDrained(this.#socket);
		}, this.#closeTimeoutMs);
		this.resume();
	}

	destroy(error: SpokeError | null = null): void {
		this.#failure ??= error;
		this.#webSocket.terminate();
	}

	get #isOpen(): boolean {
		return this.#webSocket.readyState === WebSocket.OPEN;
	}

	/** After the other side's Close or end, until the result. */
	get #isPeerDone(): boolean {
		return !this.#isOpen && !this.#didSendClose && !this.#hasEnded;
	}

	#listenToWebSocket(): void {
		this.#webSocket
			.on('message', (payload, binary) => {
				this.#onMessage(payload as Buffer, binary);
			})
			.on('ping', payload => {
				this.#pongs.add(payload);
			})
			.on('pong', payload => {
				const milliseconds = this.#pongTracker.received(Number(payload.toString()));
				if (milliseconds !== undefined) {
					this.emit('roundTrip', milliseconds);
				}
			})
			.on('error', error => {
				this.#finish(resultWithoutClose(protocolError(`the other side violated the WebSocket protocol: ${error.message}`)));
				destroyWhenDrained(this.#socket);
			})
			.on('close', (code, reason) => {
				this.#finish(code === 1006 ? resultWithoutClose(this.#lossError()) : {code, reason: reason.toString(), error: null});
			});
	}

	#onMessage(payload: Buffer, binary: boolean): void {
		this.#bytesAfterClose += this.#didSendClose ? payload.length : 0;
		if (this.#bytesAfterClose > maxBytesAfterClose) {
			this.destroy(protocolError(`more than ${maxBytesAfterClose >> 20} MiB received after the Close was sent`));
		} else if (!this.#hasEnded && this.#failure === undefined) {
			this.emit('message', payload, binary);
		}
	}

	/** After ws has listened. ws ends the socket after the other side's Close or end, and emits 'close' only after the socket's. */
	#listenToSocket(): void {
		const onPeerDone = () => {
			this.#closeTimer ??= setTimeout(() => {
				this.#webSocket.terminate();
			}, this.#closeTimeoutMs);
		};

		this.#socket
			.on('data', (bytes: Buffer) => {
				countRelayedBytes(bytes.length);
				this.lastReceivedAt = monotonicMs();
				if (this.#isPeerDone) {
					onPeerDone();
				}
			})
			.on('drain', () => {
				if (!this.#writeError && !this.#isPeerDone) {
					this.emit('drain');
				}
			})
			.on('end', onPeerDone)
			.on('finish', () => {
				this.#webSocket.terminate();
			})
			.on('error', error => {
				this.#socketError = error;
			});
	}

	/** The error of a connection that ended without a Close. After a sent Close, any end is normal. */
	#lossError(): SpokeError | null {
		if (this.#failure !== undefined) {
			return this.#failure;
		}

		if (this.#didSendClose && !this.#socketError) {
			return null;
		}

		const cause = this.#writeError ?? this.#socketError;
		return cause ? streamLostBecause(cause) : streamLostError('the connection ended without a WebSocket Close');
	}

	#finish(result: WebSocketCloseResult): void {
		if (this.#hasEnded) {
			return;
		}

		this.#hasEnded = true;
		clearInterval(this.#pingTimer);
		this.#pongTracker.stop();
		clearTimeout(this.#closeTimer);
		this.emit('close', result);
	}
}

function resultWithoutClose(error: SpokeError | null): WebSocketCloseResult {
	return {code: 1006, reason: '', error};
}

/** ws takes only sockets that it upgraded itself, so its request gets no connection and the response that it expects. */
function overUpgradedSocket(socket: Duplex): WebSocket {
	const options: ClientOptions & {closeTimeout: number} = {
		perMessageDeflate: false,
		autoPong: false,
		maxPayload: maxMessageBytes,
		maxBufferedChunks: 1 << 20,
		// The timeout is WebSocketMessages' own: ws drops unsent bytes.
		closeTimeout: maxTimerMs,
		createConnection: () => undefined as unknown as Socket,
		finishRequest(request) {
			const accept = webSocketAccept(String(request.getHeader('Sec-WebSocket-Key')));
			request.emit('upgrade', {headers: {upgrade: 'websocket', 'sec-websocket-accept': accept}}, socket, Buffer.alloc(0));
		},
	};
	return new WebSocket('ws://upgraded', options);
}

/**
One final frame, masked with a random key (RFC 6455 sections 5.2, 5.3). ws masks byte by byte, which costs as much as encryption. Pass the
message to `reuseMessage` when it is sent.
*/
export function maskedMessage(parts: readonly Uint8Array[], binary: boolean): Buffer {
	const length = parts.reduce((sum, part) => sum + part.length, 0);
	const words = Math.ceil(length / 4);
	const whole = allocate(headBytes + words * 4);
	let at = headBytes;
	for (const part of parts) {
		whole.set(part, at);
		at += part.length;
	}

	const key = randomKey();
	// The key is in this machine's byte order.
	const payload = new Int32Array(whole.buffer, headBytes, words);
	for (let index = 0; index < words; index++) {
		payload[index]! ^= key;
	}

	new Int32Array(whole.buffer, headBytes - 4, 1)[0] = key;
	return whole.subarray(writeHead(whole, length, binary), headBytes + length);
}

/** New memory costs as much as masking. */
export function reuseMessage(message: Buffer): void {
	const {buffer} = message;
	if (buffer.byteLength === pooledBytes && free.length < maxFree) {
		free.push(Buffer.from(buffer));
	}
}

function allocate(length: number): Buffer {
	return length < minPooledBytes || length > pooledBytes
		? Buffer.allocUnsafeSlow(length)
		: (free.pop() ?? Buffer.allocUnsafeSlow(pooledBytes));
}

/** Returns the key's position. */
function writeHead(whole: Buffer, length: number, binary: boolean): number {
	const wide = length > 0xff_ff ? 8 : length > 125 ? 2 : 0;
	const begin = headBytes - 4 - 2 - wide;
	whole[begin] = binary ? 0x82 : 0x81;
	whole[begin + 1] = 0x80 | (wide === 8 ? 127 : wide === 2 ? 126 : length);
	if (wide === 2) {
		whole.writeUInt16BE(length, begin + 2);
	} else if (wide === 8) {
		whole.writeBigUInt64BE(BigInt(length), begin + 2);
	}

	return begin;
}

function randomKey(): number {
	if (nextKey === keys.length) {
		randomFillSync(keys);
		nextKey = 0;
	}

	return keys[nextKey++]!;
}

/** How does a byte stream travel inside WebSocket messages (`SPDY/3.1+portforward.k8s.io`)? */
import {Duplex} from 'node:stream';
import {protocolError, streamLost} from './protocol-error.ts';
import {WebSocketMessages, type WebSocketOptions} from './websocket-messages.ts';

/** One message is at most this long; the other side takes up to 32 MiB. */
const maxMessage = 1 << 20;

/**
The bytes of an upgraded socket's binary messages as one stream; where a message begins means nothing.
Its end is the other side's Close with 1000 (or none); any other ending is an 'error'. A WebSocket has no half-close: `end()` closes both ways.
@see https://kep.k8s.io/4006 and client-go tools/portforward/tunneling_connection.go
*/
export class WebSocketCarrier extends Duplex {
	readonly #messages: WebSocketMessages;
	#over = false;

	constructor(socket: Duplex, head: Buffer, options: WebSocketOptions = {}) {
		super({allowHalfOpen: true, readableHighWaterMark: 65_536, writableHighWaterMark: 65_536});
		this.#messages = new WebSocketMessages(socket, head, options);
		this.#messages.on('message', (payload, binary) => {
			if (!binary) {
				this.destroy(protocolError('a text message came where only binary ones are spoken'));
			} else if (payload.length > 0 && !this.push(payload)) {
				this.#messages.pause();
			}
		});
		this.#messages.on('close', ({code, reason, error}) => {
			this.#over = true;
			if (error) {
				this.destroy(error);
			} else if (code === 1000 || code === 1005 || code === 1006) {
				this.push(null);
			} else {
				this.destroy(streamLost(`the other side closed the WebSocket: ${code}${reason === '' ? '' : ` ${reason}`}`));
			}
		});
	}

	/** Calls `listener` with each round trip to the end of the WebSocket, milliseconds. */
	onRoundTrip(listener: (milliseconds: number) => void): void {
		this.#messages.on('roundTrip', listener);
	}

	override _read(): void {
		this.#messages.resume();
	}

	override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
		this.#send(chunk, callback);
	}

	override _writev(chunks: Array<{chunk: Buffer; encoding: BufferEncoding}>, callback: (error?: Error | null) => void): void {
		this.#send(chunks.length === 1 ? chunks[0]!.chunk : Buffer.concat(chunks.map(({chunk}) => chunk)), callback);
	}

	override _final(callback: (error?: Error | null) => void): void {
		this.#messages.close();
		callback();
	}

	override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
		if (!this.#over) {
			this.#messages.destroy();
		}

		callback(error);
	}

	#send(bytes: Buffer, callback: (error?: Error | null) => void): void {
		let roomLeft = true;
		for (let at = 0; at < bytes.length; at += maxMessage) {
			roomLeft = this.#messages.send(bytes.subarray(at, at + maxMessage));
		}

		if (roomLeft) {
			callback();
		} else {
			this.#messages.once('drain', callback);
		}
	}
}

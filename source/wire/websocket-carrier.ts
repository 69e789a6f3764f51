/** Byte stream inside WebSocket messages (`SPDY/3.1+portforward.k8s.io`). */
import {Duplex} from 'node:stream';
import {protocolError, streamLostError} from './protocol-error.ts';
import {isNormalClose, WebSocketMessages, type WebSocketOptions} from './websocket-messages.ts';

/** Half a MiB. The other side accepts messages of up to 32 MiB. */
const messageTargetBytes = 1 << 19;

/**
Message boundaries have no meaning. A Close with 1000 (or without a code) is the end; any other ending is an 'error'. A WebSocket has no
half-close: `end()` closes both directions.
@see https://kep.k8s.io/4006 and client-go tools/portforward/tunneling_connection.go
*/
export class WebSocketCarrier extends Duplex {
	readonly #messages: WebSocketMessages;
	#hasEnded = false;

	constructor(socket: Duplex, options: WebSocketOptions = {}) {
		super({allowHalfOpen: true, readableHighWaterMark: 65_536, writableHighWaterMark: 65_536});
		this.#messages = new WebSocketMessages(socket, options);
		this.#messages.on('message', (payload, binary) => {
			if (!binary) {
				this.destroy(protocolError('unexpected text message on a binary WebSocket'));
			} else if (payload.length > 0 && !this.push(payload)) {
				this.#messages.pause();
			}
		});
		this.#messages.on('close', ({code, reason, error}) => {
			this.#hasEnded = true;
			if (error) {
				this.destroy(error);
			} else if (isNormalClose(code)) {
				this.push(null);
			} else {
				this.destroy(streamLostError(`the other side closed the WebSocket: ${code}${reason === '' ? '' : ` ${reason}`}`));
			}
		});
	}

	/** Round-trip time to the other end of the WebSocket, in milliseconds. */
	onRoundTrip(listener: (milliseconds: number) => void): void {
		this.#messages.on('roundTrip', listener);
	}

	/** Called with the time since the oldest unanswered ping. */
	onPingOverdue(listener: (milliseconds: number) => void): void {
		this.#messages.on('pingOverdue', listener);
	}

	get unsentBytes(): number {
		return this.writableLength + this.#messages.bufferedBytes;
	}

	override _read(): void {
		this.#messages.resume();
	}

	override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
		this.#send([chunk], callback);
	}

	override _writev(chunks: Array<{chunk: Buffer; encoding: BufferEncoding}>, callback: (error?: Error | null) => void): void {
		this.#send(
			chunks.map(({chunk}) => chunk),
			callback,
		);
	}

	override _final(callback: (error?: Error | null) => void): void {
		this.#messages.close();
		callback();
	}

	override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
		if (!this.#hasEnded) {
			this.#messages.destroy();
		}

		callback(error);
	}

	#send(chunks: readonly Buffer[], callback: (error?: Error | null) => void): void {
		let roomLeft = true;
		for (let from = 0; from < chunks.length;) {
			let length = 0;
			let to = from;
			while (to < chunks.length && length < messageTargetBytes) {
				length += chunks[to]!.length;
				to++;
			}

			roomLeft = this.#messages.send(chunks.slice(from, to));
			from = to;
		}

		if (roomLeft) {
			callback();
		} else {
			this.#messages.once('drain', callback);
		}
	}
}

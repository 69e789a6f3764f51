/** Multiplexed connection of an agent. */
import {Duplex} from 'node:stream';
import {noop} from '../network/join-streams.ts';

/** Limit of one stream. */
const maxUnreadBytes = 256 * 1024;

/** Rejects with the message for the other side. */
export type OnDial = (address: string, port: number) => Promise<Duplex>;

/** Closing it closes all streams. */
export class AgentConnection {
	readonly #carrier: Duplex;
	readonly #onDial: OnDial | null;
	readonly #streams = new Map<number, TunnelStream>();
	readonly #dials = new Map<number, {resolve(stream: Duplex): void; reject(error: Error): void}>();
	readonly #reader = new FrameReader();
	#nextStream = 1;

	/** Only agents set `onDial`. */
	constructor(carrier: Duplex, onDial: OnDial | null = null) {
		this.#carrier = carrier;
		this.#onDial = onDial;
		carrier.on('data', (chunk: Buffer) => {
			for (const frame of this.#reader.push(chunk)) {
				this.#onFrame(frame);
			}
		});
		carrier.on('error', noop);
		carrier.on('close', () => {
			this.#onClosed();
		});
		carrier.on('end', () => {
			carrier.destroy();
		});
	}

	get openStreams(): number {
		return this.#streams.size;
	}

	async dial(address: string, port: number): Promise<Duplex> {
		const id = this.#nextStream++;
		const {promise, resolve, reject} = Promise.withResolvers<Duplex>();
		this.#dials.set(id, {resolve, reject});
		this.send(frameTypes.dial, id, Buffer.from(`${address} ${port}`));
		return promise;
	}

	send(type: number, stream: number, payload?: Uint8Array): void {
		if (!this.#carrier.destroyed) {
			this.#carrier.write(encodeFrame(type, stream, payload));
		}
	}

	removeStream(stream: number): void {
		this.#streams.delete(stream);
	}

	destroy(): void {
		this.#carrier.destroy();
	}

	#onFrame({type, stream: id, payload}: Frame): void {
		const stream = this.#streams.get(id);
		switch (type) {
			case frameTypes.dial: {
				void this.#acceptDial(id, payload.toString());

				break;
			}

			case frameTypes.opened: {
				this.#dials.get(id)?.resolve(this.#add(id));
				this.#dials.delete(id);

				break;
			}

			case frameTypes.failed: {
				this.#dials.get(id)?.reject(new Error(payload.toString()));
				this.#dials.delete(id);

				break;
			}

			case frameTypes.data: {
				stream?.receive(payload);

				break;
			}

			case frameTypes.fin: {
				stream?.push(null);

				break;
			}

			case frameTypes.reset: {
				stream?.destroy(Object.assign(new Error('reset by the other side'), {code: 'ECONNRESET'}));

				break;
			}

			case frameTypes.credit: {
				stream?.addCredit(payload.readUInt32BE(0));

				break;
			}
			// No default
		}
	}

	async #acceptDial(id: number, target: string): Promise<void> {
		const [address = '', port = '0'] = target.split(' ', 2);
		try {
			const socket = await this.#onDial!(address, Number(port));
			this.send(frameTypes.opened, id);
			const stream = this.#add(id);
			for (const [from, to] of [
				[socket, stream],
				[stream, socket],
			] as const) {
				from.on('error', noop);
				from.pipe(to);
				from.on('close', () => {
					to.destroy();
				});
			}
		} catch (error) {
			this.send(frameTypes.failed, id, Buffer.from((error as Error).message));
		}
	}

	#add(id: number): TunnelStream {
		const stream = new TunnelStream(this, id);
		this.#streams.set(id, stream);
		return stream;
	}

	#onClosed(): void {
		const lost = Object.assign(new Error('the tunnel is gone'), {code: 'ECONNRESET'});
		for (const {reject} of this.#dials.values()) {
			reject(lost);
		}

		for (const stream of this.#streams.values()) {
			stream.destroy();
		}
	}
}

class TunnelStream extends Duplex {
	readonly #session: AgentConnection;
	readonly #id: number;
	#credit = maxUnreadBytes;
	#unread = 0;
	#waiting: (() => void) | null = null;

	constructor(session: AgentConnection, id: number) {
		super({allowHalfOpen: true});
		this.#session = session;
		this.#id = id;
	}

	receive(payload: Buffer): void {
		this.#unread += payload.length;
		if (this.push(payload)) {
			this.#acknowledge();
		}
	}

	addCredit(bytes: number): void {
		this.#credit += bytes;
		this.#waiting?.();
	}

	override _read(): void {
		this.#acknowledge();
	}

	override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
		this.#waiting = null;
		const sendable = chunk.subarray(0, Math.max(0, this.#credit));
		if (sendable.length > 0) {
			this.#credit -= sendable.length;
			this.#session.send(frameTypes.data, this.#id, sendable);
		}

		if (sendable.length === chunk.length) {
			done();
		} else {
			this.#waiting = () => {
				this._write(chunk.subarray(sendable.length), 'buffer' as BufferEncoding, done);
			};
		}
	}

	override _final(done: (error?: Error | null) => void): void {
		this.#session.send(frameTypes.fin, this.#id);
		done();
	}

	override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
		if (!this.readableEnded || !this.writableFinished) {
			this.#session.send(frameTypes.reset, this.#id);
		}

		this.#session.removeStream(this.#id);
		done(error);
	}

	#acknowledge(): void {
		if (!(this.#unread > 0)) {
			return;
		}

		const payload = Buffer.alloc(4);
		payload.writeUInt32BE(this.#unread);
		this.#unread = 0;
		this.#session.send(frameTypes.credit, this.#id, payload);
	}
}

/** type (1 byte), stream (4), length (4), payload. */
export const frameTypes = {dial: 1, opened: 2, failed: 3, data: 4, fin: 5, reset: 6, credit: 7} as const;

type Frame = {type: number; stream: number; payload: Buffer};

const headLength = 9;

export function encodeFrame(type: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
	const frame = Buffer.allocUnsafe(headLength + payload.length);
	frame.writeUInt8(type, 0);
	frame.writeUInt32BE(stream, 1);
	frame.writeUInt32BE(payload.length, 5);
	frame.set(payload, headLength);
	return frame;
}

export class FrameReader {
	#pending: Buffer = Buffer.alloc(0);

	push(chunk: Buffer): Frame[] {
		this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
		const frames: Frame[] = [];
		while (this.#pending.length >= headLength) {
			const end = headLength + this.#pending.readUInt32BE(5);
			if (this.#pending.length < end) {
				break;
			}

			frames.push({
				type: this.#pending.readUInt8(0),
				stream: this.#pending.readUInt32BE(1),
				payload: this.#pending.subarray(headLength, end),
			});
			this.#pending = this.#pending.subarray(end);
		}

		return frames;
	}
}

/** One agent's connection: many TCP connections in it, each with its own flow control, both ways half-closable. */
import {Duplex} from 'node:stream';
import {noop} from '../network/noop.ts';
import {encodeFrame, FrameReader, frameTypes, type Frame} from './tunnel-frame.ts';

/** Bytes that may be under way unread on one stream. */
const window = 256 * 1024;

/** Answers a dial: a connection, or a rejection whose message is told to the other side. */
export type OnDial = (address: string, port: number) => Promise<Duplex>;

/** Either side may end it; all its streams end with it. */
export class AgentConnection {
	readonly #carrier: Duplex;
	readonly #onDial: OnDial | null;
	readonly #streams = new Map<number, TunnelStream>();
	readonly #dials = new Map<number, {resolve(stream: Duplex): void; reject(error: Error): void}>();
	readonly #reader = new FrameReader();
	#nextStream = 1;

	/** `onDial` is set on the agent's side. */
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
			this.#end();
		});
		carrier.on('end', () => {
			carrier.destroy();
		});
	}

	/** Streams that are open now. */
	get open(): number {
		return this.#streams.size;
	}

	/** Asks the other side for a connection. Rejects with its words. */
	async dial(address: string, port: number): Promise<Duplex> {
		const id = this.#nextStream++;
		const {promise, resolve, reject} = Promise.withResolvers<Duplex>();
		this.#dials.set(id, {resolve, reject});
		this.send(frameTypes.dial, id, Buffer.from(`${address} ${port}`));
		return promise;
	}

	/** For streams. */
	send(type: number, stream: number, payload?: Uint8Array): void {
		if (!this.#carrier.destroyed) {
			this.#carrier.write(encodeFrame(type, stream, payload));
		}
	}

	/** For streams. */
	forget(stream: number): void {
		this.#streams.delete(stream);
	}

	destroy(): void {
		this.#carrier.destroy();
	}

	#onFrame({type, stream: id, payload}: Frame): void {
		const stream = this.#streams.get(id);
		switch (type) {
			case frameTypes.dial: {
				void this.#answerDial(id, payload.toString());

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

	async #answerDial(id: number, place: string): Promise<void> {
		const [address = '', port = '0'] = place.split(' ', 2);
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

	#end(): void {
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
	#credit = window;
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
		const now = chunk.subarray(0, Math.max(0, this.#credit));
		if (now.length > 0) {
			this.#credit -= now.length;
			this.#session.send(frameTypes.data, this.#id, now);
		}

		if (now.length === chunk.length) {
			done();
		} else {
			this.#waiting = () => {
				this._write(chunk.subarray(now.length), 'buffer' as BufferEncoding, done);
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

		this.#session.forget(this.#id);
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

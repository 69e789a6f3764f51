/** Throttle of an HTTP/2 connection's reads while its responses arrive in many small chunks. */
import type {Socket} from 'node:net';
import {monotonicMs} from '../../async/clock.ts';
import {pauseReads} from '../../wire/node-internals.ts';

/** Too short to notice. With 100 logs and 2,000 lines per second in total, it saves a quarter of the processor time. */
const pauseMs = 8;
/** At so many response bytes per event loop turn, a pause would limit the throughput. */
const floodBytes = 16 * 1024;
/** Time after a request in which no pause begins, so that its response is not delayed. */
const noPauseAfterRequestMs = 1000;

/**
After each event loop turn with response bytes, pauses reading for 8 ms: waking the process for a read costs more than processing the few
lines that it brings. The first bytes after a quiet time are not delayed.
@see read-coalescer.ts for HTTP/1.1
*/
export class Http2ReadThrottle {
	readonly #socket: Socket;
	#bytesInTurn = 0;
	#noPauseUntil = 0;

	constructor(socket: Socket) {
		this.#socket = socket;
	}

	onRequest(): void {
		this.#noPauseUntil = monotonicMs() + noPauseAfterRequestMs;
	}

	/** Call for each chunk of a response body. */
	onResponseBytes(count: number): void {
		if (this.#bytesInTurn === 0) {
			setImmediate(() => {
				this.#endTurn();
			});
		}

		this.#bytesInTurn += count;
	}

	#endTurn(): void {
		const isFlood = this.#bytesInTurn >= floodBytes;
		this.#bytesInTurn = 0;
		if (isFlood || monotonicMs() < this.#noPauseUntil) {
			return;
		}

		setTimeout(pauseReads(this.#socket), pauseMs);
	}
}

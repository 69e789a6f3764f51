/** Puts lines of several containers into the order of their times: what comes within 300 ms is settled, then fixed. */
import {readLines} from '../sessions/logs/log-lines.ts';

/** Lines of one source come in order already and wait for nobody. */
const settleMs = 300;

type Held = {source: number; time: number; bytes: Buffer; arrived: number};

export class LineOrder {
	readonly #put: (source: number, time: number, bytes: Buffer) => void;
	readonly #late: () => void;
	#held: Held[] = [];
	#timer: NodeJS.Timeout | null = null;
	readonly #seen = new Set<number>();

	/** `late` is called when lines were put after the call that brought them. */
	constructor(put: (source: number, time: number, bytes: Buffer) => void, late: () => void) {
		this.#put = put;
		this.#late = late;
	}

	/** Takes a block of stamped lines; gives how many there were. */
	lines(source: number, block: Buffer): number {
		this.#seen.add(source);
		const isAlone = this.#seen.size === 1;
		const arrived = Date.now();
		let count = 0;
		for (const {time, text} of readLines(block)) {
			count++;
			const ms = time === null ? 0 : Number(time / 1_000_000n);
			if (isAlone) {
				this.#put(source, ms, text);
			} else {
				this.#held.push({source, time: ms, bytes: text, arrived});
			}
		}

		if (this.#held.length > 0) {
			this.#timer ??= setTimeout(() => {
				this.#timer = null;
				this.#settle(Date.now() - settleMs);
			}, settleMs);
		}

		return count;
	}

	flushAll(): void {
		if (this.#timer) {
			clearTimeout(this.#timer);
			this.#timer = null;
		}

		this.#settle(Number.POSITIVE_INFINITY);
	}

	/** Puts all that arrived until then, and whatever is older than the youngest of it. */
	#settle(until: number): void {
		if (this.#held.length === 0) {
			return;
		}

		this.#held.sort((one, other) => one.time - other.time);
		let last = -1;
		for (const [index, {arrived}] of this.#held.entries()) {
			last = arrived <= until ? index : last;
		}

		for (const {source, time, bytes} of this.#held.splice(0, last + 1)) {
			this.#put(source, time, bytes);
		}

		if (this.#held.length > 0) {
			this.#timer ??= setTimeout(() => {
				this.#timer = null;
				this.#settle(Date.now() - settleMs);
			}, settleMs);
		}

		if (last >= 0) {
			this.#late();
		}
	}
}

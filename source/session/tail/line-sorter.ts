/** Sorts lines of several containers by time. */
import {eachLine} from '../../streams/logs/log-lines.ts';

/** A single source is not delayed. */
const settleMs = 300;
/** Lines this soon after a source's first line are backlog. */
const openingMs = 3000;

const nothing = Buffer.alloc(0);

export type OrderedLine = {source: number; time: number; bytes: Buffer};
/** A line that waits for lines of other sources. `sortTime`: the newest time of its source so far, so that a source keeps its order. */
type Held = OrderedLine & {arrived: number; sortTime: number; notice: (() => void) | null};

export type LineSorterCallbacks = {
	/** The line is `bytes` from `from` to `to`. `late`: older than an emitted line. */
	put(source: number, time: number, late: boolean, bytes: Buffer, from: number, to: number): void;
	/** Lines older than emitted ones. */
	insert(lines: readonly OrderedLine[]): void;
	settled(): void;
};

export class LineSorter {
	readonly #callbacks: LineSorterCallbacks;
	readonly #now: () => number;
	readonly #held: Held[] = [];
	#timer: NodeJS.Timeout | null = null;
	#newest = -Infinity;
	/** A line follows the earlier lines of its log. */
	readonly #sources = new Map<number, {since: number; newest: number}>();

	constructor(callbacks: LineSorterCallbacks, now = Date.now) {
		this.#callbacks = callbacks;
		this.#now = now;
	}

	lines(source: number, block: Buffer): number {
		const arrived = this.#now();
		const of = this.#sources.get(source) ?? {since: arrived, newest: -Infinity};
		this.#sources.set(source, of);
		const isAlone = this.#sources.size === 1;
		const count = eachLine(block, (from, to, time) => {
			of.newest = Math.max(of.newest, time);
			if (isAlone) {
				this.#callbacks.put(source, time, false, block, from, to);
			} else {
				this.#held.push({source, time, bytes: block.subarray(from, to), arrived, sortTime: of.newest, notice: null});
			}
		});
		if (isAlone) {
			this.#newest = Math.max(this.#newest, of.newest);
		}

		this.#wait();
		return count;
	}

	/** Follows the lines of its source, or all lines without one. */
	notice(source: number, put: () => void): void {
		if (this.#held.length === 0) {
			put();
		} else {
			this.#held.push({
				source,
				time: 0,
				bytes: nothing,
				arrived: this.#now(),
				sortTime: this.#sources.get(source)?.newest ?? this.#newestHeld,
				notice: put,
			});
		}
	}

	flushAll(): void {
		if (this.#timer) {
			clearTimeout(this.#timer);
			this.#timer = null;
		}

		this.#settle(Infinity);
	}

	get #newestHeld(): number {
		return this.#held.reduce((newest, {sortTime}) => Math.max(newest, sortTime), this.#newest);
	}

	#wait(): void {
		if (this.#held.length > 0) {
			this.#timer ??= setTimeout(() => {
				this.#timer = null;
				this.#settle(this.#now() - settleMs);
				this.#wait();
			}, settleMs);
		}
	}

	#settle(until: number): void {
		this.#held.sort((one, other) => one.sortTime - other.sortTime);
		const last = this.#held.findLastIndex(({arrived}) => arrived <= until);
		const due = this.#held.splice(0, last + 1);
		const newest = this.#newest;
		const out = due.filter(
			held => held.notice === null && held.sortTime < newest && held.arrived - this.#sources.get(held.source)!.since < openingMs,
		);
		if (out.length > 0) {
			this.#callbacks.insert(out);
		}

		const inserted = new Set(out);
		for (const held of due) {
			if (held.notice) {
				held.notice();
			} else if (!inserted.has(held)) {
				this.#callbacks.put(held.source, held.time, held.sortTime < newest, held.bytes, 0, held.bytes.length);
			}
		}

		this.#newest = Math.max(newest, due.at(-1)?.sortTime ?? newest);
		if (due.length > 0) {
			this.#callbacks.settled();
		}
	}
}

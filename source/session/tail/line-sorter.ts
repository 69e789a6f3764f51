/** Puts lines of several containers into the order of their times: what comes within 300 ms is settled, then fixed. */
import {eachLine} from '../../streams/logs/log-lines.ts';

/** Lines of one source come in order already and wait for nobody. */
const settleMs = 300;
/** What a source brings so soon after its first line was in its log before: it goes where its time belongs. */
const openingMs = 3000;

const nothing = Buffer.alloc(0);

export type OrderedLine = {source: number; time: number; bytes: Buffer};
type Held = OrderedLine & {arrived: number; place: number; notice: (() => void) | null};

export type LineSorterCallbacks = {
	/** The line stands in `bytes` from `from` to `to`. `late`: it is older than a line that was put already. */
	put(source: number, time: number, late: boolean, bytes: Buffer, from: number, to: number): void;
	/** Lines of sources that have just been opened, older than some that were put: in order, each log's behind all of the same log. */
	insert(lines: readonly OrderedLine[]): void;
	/** Lines were put after the call that brought them. */
	settled(): void;
};

export class LineSorter {
	readonly #tells: LineSorterCallbacks;
	readonly #now: () => number;
	readonly #held: Held[] = [];
	#timer: NodeJS.Timeout | null = null;
	#newest = -Infinity;
	/** For each source, when its first lines came, and the newest time of its lines: a line stands behind those before it in its own log. */
	readonly #sources = new Map<number, {since: number; newest: number}>();

	constructor(tells: LineSorterCallbacks, now = Date.now) {
		this.#tells = tells;
		this.#now = now;
	}

	/** Takes a block of stamped lines; gives how many there were. */
	lines(source: number, block: Buffer): number {
		const arrived = this.#now();
		const of = this.#sources.get(source) ?? {since: arrived, newest: -Infinity};
		this.#sources.set(source, of);
		const isAlone = this.#sources.size === 1;
		const count = eachLine(block, (from, to, time) => {
			of.newest = Math.max(of.newest, time);
			if (isAlone) {
				this.#tells.put(source, time, false, block, from, to);
			} else {
				this.#held.push({source, time, bytes: block.subarray(from, to), arrived, place: of.newest, notice: null});
			}
		});
		if (isAlone) {
			this.#newest = Math.max(this.#newest, of.newest);
		}

		this.#wait();
		return count;
	}

	/** What is to be said of a source behind the lines that came of it; of one that brought none, or of all of them, behind all that came. */
	notice(source: number, put: () => void): void {
		if (this.#held.length === 0) {
			put();
		} else {
			this.#held.push({
				source,
				time: 0,
				bytes: nothing,
				arrived: this.#now(),
				place: this.#sources.get(source)?.newest ?? this.#newestHeld,
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
		return this.#held.reduce((newest, {place}) => Math.max(newest, place), this.#newest);
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

	/** Puts all that arrived until then, and whatever is older than the youngest of it. */
	#settle(until: number): void {
		this.#held.sort((one, other) => one.place - other.place);
		const last = this.#held.findLastIndex(({arrived}) => arrived <= until);
		const due = this.#held.splice(0, last + 1);
		const newest = this.#newest;
		const out = due.filter(
			held => held.notice === null && held.place < newest && held.arrived - this.#sources.get(held.source)!.since < openingMs,
		);
		if (out.length > 0) {
			this.#tells.insert(out);
		}

		const inserted = new Set(out);
		for (const held of due) {
			if (held.notice) {
				held.notice();
			} else if (!inserted.has(held)) {
				this.#tells.put(held.source, held.time, held.place < newest, held.bytes, 0, held.bytes.length);
			}
		}

		this.#newest = Math.max(newest, due.at(-1)?.place ?? newest);
		if (due.length > 0) {
			this.#tells.settled();
		}
	}
}

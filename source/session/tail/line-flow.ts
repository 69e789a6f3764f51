/** The rate of live lines, and differences between node clocks, inferred from lines. */
import type {LogSource} from '../../streams/logs/log-events.ts';
import {timestampLength, timestampMilliseconds, lineFeed} from '../../streams/logs/log-lines.ts';

/** The backlog has arrived by then. */
const backlogMs = 2000;

/** A log whose lines are older than this, since it was opened without a pause, is still sending its backlog. */
const backlogAgeMs = 30_000;

/** A backlog arrives without pauses of this length. */
const pauseMs = 1000;

/** A rate is shown once a source has been live for this long. */
const settledMs = 1000;

/** Seconds that a rate covers. */
const averagedSeconds = 5;

const skewWindowMs = 30_000;
/** Live lines of a node that are needed for a result. */
const minLiveLines = 5;
/** Smaller differences are transmission delay. */
const minSkewMs = 200;

export type NodeSkew = {node: string; /** Above 0: its clock is ahead of the others'. */ aheadMs: number};

type DelayWindow = {startedAt: number; current: MinDelay; previous: MinDelay};
type MinDelay = {delay: number; count: number};

const none: MinDelay = {delay: Infinity, count: 0};

export class LineFlow {
	/** When the lines of a source become live. */
	readonly #liveFrom = new Map<number, number>();
	readonly #lastAt = new Map<number, number>();
	/** Time of the last line of each source that sends its backlog. */
	readonly #backlogAt = new Map<number, number>();
	#arrived = 0;
	#live = 0;
	#rates: readonly number[] = [];

	recordOpened(source: number, now: number): void {
		this.#liveFrom.set(source, now + backlogMs);
		this.#lastAt.set(source, now);
		this.#backlogAt.set(source, 0);
	}

	quietSince(source: number): number | null {
		return this.#lastAt.get(source) ?? null;
	}

	/** `lineTime`: of the last line; `null` if it has no timestamp. */
	recordLines(source: number, count: number, now: number, lineTime: number | null = null): boolean {
		const from = this.#liveFrom.get(source) ?? now + backlogMs;
		if (lineTime === null || now - lineTime < backlogAgeMs) {
			this.#backlogAt.delete(source);
		} else if (this.#backlogAt.has(source) || !this.#liveFrom.has(source)) {
			this.#backlogAt.set(source, lineTime);
		}

		this.#liveFrom.set(source, from);
		this.#lastAt.set(source, now);
		const isLive = now > from && !this.#backlogAt.has(source);
		this.#arrived += count;
		this.#live += isLive ? count : 0;
		return isLive;
	}

	isPastBacklog(source: number, now: number): boolean {
		return now > (this.#liveFrom.get(source) ?? Infinity);
	}

	/** Time without a line from any source; `null` before the first line. */
	quietMs(now: number): number | null {
		return this.#lastAt.size === 0 ? null : Math.max(0, now - Math.max(...this.#lastAt.values()));
	}

	/** The time of the oldest of the last lines, if logs send their backlog, else `null`. A pause ends a backlog. */
	catchingUpAt(now: number): number | null {
		for (const source of this.#backlogAt.keys()) {
			if (now - this.#lastAt.get(source)! > pauseMs) {
				this.#backlogAt.delete(source);
			}
		}

		const times = [...this.#backlogAt].flatMap(([source, time]) => (time > 0 && this.isPastBacklog(source, now) ? [time] : []));
		return times.length === 0 ? null : Math.min(...times);
	}

	/** Called once per second. */
	tick(now: number): {inflow: number; rate: number | null} {
		const inflow = this.#arrived;
		const isLive = [...this.#liveFrom].some(([source, from]) => now > from + settledMs && !this.#backlogAt.has(source));
		this.#rates = isLive ? [...this.#rates.slice(1 - averagedSeconds), this.#live] : [];
		this.#arrived = 0;
		this.#live = 0;
		return {inflow, rate: this.#rates.length === 0 ? null : this.#rates.reduce((sum, count) => sum + count, 0) / this.#rates.length};
	}
}

/**
Compares the smallest delay between timestamp and arrival of each node, because no line arrives before it was written. An inference: a slow
connection looks like a late clock.
*/
export class ClockSkew {
	readonly #nodes = new Map<string, DelayWindow>();

	/** Only for live lines: backlog lines arrive later than they were written. */
	recordArrival(node: string, timestampMs: number, arrivedMs: number): void {
		let window = this.#nodes.get(node) ?? {startedAt: arrivedMs, current: none, previous: none};
		if (arrivedMs - window.startedAt > skewWindowMs) {
			window = {startedAt: arrivedMs, current: none, previous: window.current};
		}

		const {current} = window;
		this.#nodes.set(node, {...window, current: {delay: Math.min(current.delay, arrivedMs - timestampMs), count: current.count + 1}});
	}

	/** Nodes that differ from the median (of two nodes, from the one closer to the local clock), greatest difference first. */
	skews(): readonly NodeSkew[] {
		const delays = [...this.#nodes]
			.filter(([, {current, previous}]) => current.count + previous.count >= minLiveLines)
			.map(([node, {current, previous}]) => ({node, delay: Math.min(current.delay, previous.delay)}));
		if (delays.length < 2) {
			return [];
		}

		const sorted = delays
			.map(({delay}) => delay)
			.toSorted((one, other) => (delays.length === 2 ? Math.abs(one) - Math.abs(other) : one - other));
		const usual = sorted[delays.length === 2 ? 0 : Math.floor((sorted.length - 1) / 2)]!;
		return delays
			.map(({node, delay}) => ({node, aheadMs: usual - delay}))
			.filter(({aheadMs}) => Math.abs(aheadMs) >= minSkewMs)
			.toSorted((one, other) => Math.abs(other.aheadMs) - Math.abs(one.aheadMs));
	}
}

/** Use only the last line of a live block: backlog lines arrive later than they were written. */
export function recordBlockArrival(clocks: ClockSkew, {context, node}: LogSource, block: Buffer, now: number): void {
	const time = lastLineTime(block);
	if (node !== null && time !== null) {
		const name = context === undefined ? node : `${context} ${node}`;
		clocks.recordArrival(name, time, now);
	}
}

/** Of whole lines; `null` without a timestamp. */
export function lastLineTime(block: Buffer): number | null {
	const at = block.lastIndexOf(lineFeed, block.length - 2) + 1;
	const length = timestampLength(block, at);
	return length > 0 ? timestampMilliseconds(block, at, length) : null;
}

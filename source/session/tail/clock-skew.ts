/** Differences between node clocks, inferred from log lines. */
import {timestampLength, timestampMilliseconds} from '../../streams/logs/line-timestamp.ts';
import type {LogSource} from '../../streams/logs/log-events.ts';

const windowMs = 30_000;
/** Live lines of a node that are needed for a result. */
const minLiveLines = 5;
/** Smaller differences are transmission delay. */
const minSkewMs = 200;

export type NodeSkew = {node: string; /** Above 0: its clock is ahead of the others'. */ aheadMs: number};

type Seen = {since: number; now: Least; before: Least};
type Least = {delay: number; count: number};

const none: Least = {delay: Infinity, count: 0};

/**
Compares the smallest delay between timestamp and arrival of each node, because no line arrives before it was written. An inference: a slow
connection looks like a late clock.
*/
export class ClockSkew {
	readonly #nodes = new Map<string, Seen>();

	/** Only for live lines: backlog lines arrive later than they were written. */
	note(node: string, timestampMs: number, arrivedMs: number): void {
		const seen = this.#nodes.get(node) ?? {since: arrivedMs, now: none, before: none};
		if (arrivedMs - seen.since > windowMs) {
			Object.assign(seen, {since: arrivedMs, before: seen.now, now: none});
		}

		seen.now = {delay: Math.min(seen.now.delay, arrivedMs - timestampMs), count: seen.now.count + 1};
		this.#nodes.set(node, seen);
	}

	/** Nodes that differ from the median (of two nodes, from the one closer to the local clock), greatest difference first. */
	skews(): readonly NodeSkew[] {
		const delays = [...this.#nodes]
			.filter(([, {now, before}]) => now.count + before.count >= minLiveLines)
			.map(([node, {now, before}]) => ({node, delay: Math.min(now.delay, before.delay)}));
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
export function noteClock(clocks: ClockSkew, {context, node}: LogSource, block: Buffer, now: number): void {
	const time = lastLineTime(block);
	if (node !== null && time !== null) {
		const name = context === undefined ? node : `${context} ${node}`;
		clocks.note(name, time, now);
	}
}

/** Of whole lines; `null` without a timestamp. */
export function lastLineTime(block: Buffer): number | null {
	const at = block.lastIndexOf(0x0a, block.length - 2) + 1;
	const length = timestampLength(block, at);
	return length > 0 ? timestampMilliseconds(block, at, length) : null;
}

/** Differences between node clocks, inferred from log lines. */
import {timestampLength, timestampMilliseconds, lineFeed} from '../../streams/logs/log-lines.ts';
import type {LogSource} from '../../streams/logs/log-events.ts';

const windowMs = 30_000;
/** Live lines of a node that are needed for a result. */
const minLiveLines = 5;
/** Smaller differences are transmission delay. */
const minSkewMs = 200;

export type NodeSkew = {node: string; /** Above 0: its clock is ahead of the others'. */ aheadMs: number};

type DelayWindow = {startedAt: number; current: MinDelay; previous: MinDelay};
type MinDelay = {delay: number; count: number};

const none: MinDelay = {delay: Infinity, count: 0};

/**
Compares the smallest delay between timestamp and arrival of each node, because no line arrives before it was written. An inference: a slow
connection looks like a late clock.
*/
export class ClockSkew {
	readonly #nodes = new Map<string, DelayWindow>();

	/** Only for live lines: backlog lines arrive later than they were written. */
	recordArrival(node: string, timestampMs: number, arrivedMs: number): void {
		let window = this.#nodes.get(node) ?? {startedAt: arrivedMs, current: none, previous: none};
		if (arrivedMs - window.startedAt > windowMs) {
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

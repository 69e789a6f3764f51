/** The differences between node clocks, inferred from timestamps and arrival times of lines. */

/** The period that is evaluated. */
const windowMs = 30_000;
/** Live lines of a node that are needed for a result. */
const enough = 5;
/** Smaller differences are transmission delay. */
const leastMs = 200;

export type NodeSkew = {node: string; /** Above 0: its clock is ahead of the others'. */ aheadMs: number};

type Seen = {since: number; now: Least; before: Least};
type Least = {delay: number; count: number};

const none: Least = {delay: Infinity, count: 0};

/**
The smallest delay between timestamp and arrival counts for each node: a line can be delayed, but never arrives before it was written.
This is an inference: a path that is always slow looks like a clock that is late.
*/
export class ClockSkew {
	readonly #nodes = new Map<string, Seen>();

	/** Records a live line, not one of the backlog. */
	note(node: string, stampMs: number, arrivedMs: number): void {
		const seen = this.#nodes.get(node) ?? {since: arrivedMs, now: none, before: none};
		if (arrivedMs - seen.since > windowMs) {
			Object.assign(seen, {since: arrivedMs, before: seen.now, now: none});
		}

		seen.now = {delay: Math.min(seen.now.delay, arrivedMs - stampMs), count: seen.now.count + 1};
		this.#nodes.set(node, seen);
	}

	/** Nodes whose clocks differ from the median (of two nodes, from the one closer to the local clock), the greatest difference first. */
	skews(): readonly NodeSkew[] {
		const delays = [...this.#nodes]
			.filter(([, {now, before}]) => now.count + before.count >= enough)
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
			.filter(({aheadMs}) => Math.abs(aheadMs) >= leastMs)
			.toSorted((one, other) => Math.abs(other.aheadMs) - Math.abs(one.aheadMs));
	}
}

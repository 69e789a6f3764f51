/** How far the clocks of nodes are from each other, as far as lines tell: by their timestamps and when they came. */

/** Lines of so long are looked at. */
const windowMs = 30_000;
/** So many live lines of a node are needed before it says anything. */
const enough = 5;
/** Less is the way that lines take. */
const leastMs = 200;

export type NodeSkew = {node: string; /** Above 0: its clock is ahead of the others'. */ aheadMs: number};

type Seen = {since: number; now: Least; before: Least};
type Least = {delay: number; count: number};

const none: Least = {delay: Infinity, count: 0};

/**
Of each node the smallest delay between timestamp and arrival counts: a line can be kept up on its way, and never comes before it was written.
An inference: a way that is always slow looks like a clock that is behind.
*/
export class ClockSkew {
	readonly #nodes = new Map<string, Seen>();

	/** A line came live, not from what the log held before. */
	note(node: string, stampMs: number, arrivedMs: number): void {
		const seen = this.#nodes.get(node) ?? {since: arrivedMs, now: none, before: none};
		if (arrivedMs - seen.since > windowMs) {
			Object.assign(seen, {since: arrivedMs, before: seen.now, now: none});
		}

		seen.now = {delay: Math.min(seen.now.delay, arrivedMs - stampMs), count: seen.now.count + 1};
		this.#nodes.set(node, seen);
	}

	/** Nodes whose clocks stand out against the median, of two nodes against the one that is nearer to the clock here; the furthest first. */
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

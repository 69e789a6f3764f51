/** Growing delays between retries. */

export type Backoff = {
	initialMs: number;
	maxMs: number;
	/** Range of the random factor, which spreads the retries of many clients. Default: none. */
	jitter?: readonly [min: number, max: number];
};

/** A failure after a success of this length counts as a first attempt: many load balancers end connections after a minute. */
export const stableAfterMs = 3000;

/** Milliseconds before `attempt` (from 1): doubles up to `maxMs`, then jitter applies. */
export function backoffMs(
	attempt: number,
	{initialMs, maxMs, jitter: [min, max] = [1, 1]}: Backoff,
	random: () => number = Math.random,
): number {
	return Math.round(Math.min(maxMs, initialMs * 2 ** (attempt - 1)) * (min + random() * (max - min)));
}

/** How long does one of Node's timers wait that is given a limit of the user's or the server's? */

/** 24 days: what is longer would end at once. */
const maxTimerMs = 2 ** 31 - 1;

/** Whole milliseconds, never fewer than given, as setTimeout and AbortSignal.timeout take them. 0 stays 0, which is no limit with us. */
export function clampTimerMs(timeoutMs: number): number {
	return Math.min(Math.ceil(timeoutMs), maxTimerMs);
}

/** Durations within the range of Node's timers. */

/** 24 days. Node fires a longer timer at once. */
const maxTimerMs = 2 ** 31 - 1;

/** 0 stays 0, which means no limit. */
export function clampTimerMs(timeoutMs: number): number {
	return Math.min(Math.ceil(timeoutMs), maxTimerMs);
}

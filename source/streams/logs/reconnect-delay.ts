/** When a cut follow tries again. */
import {clampTimerMs} from '../../cluster/clamp-timer-ms.ts';

const firstMs = 200;
const longestMs = 2000;

/**
Milliseconds before `attempt` (from 1): doubles up to 2 s, so that it is back at most 2 s after the way is, and jittered, so that many do not come at once.
A time that the server asked for is never cut short.
*/
export function reconnectDelay(attempt: number, askedForMs = 0, random: () => number = Math.random): number {
	const full = Math.min(longestMs, firstMs * 2 ** (attempt - 1));
	return clampTimerMs(Math.max(askedForMs + random() * Math.min(askedForMs, 1000), full * (0.5 + random() / 2)));
}

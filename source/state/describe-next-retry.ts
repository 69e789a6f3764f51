/** When is the next try, or since when does it run? */
import {clockTime} from '../text/clock-time.ts';
import type {SessionState} from './session-state.ts';

/** Behind “trying”: `again in 4 s`, counted down each second, without the figure where nothing may move. From `at` on the try runs: `again now`, and after a second `again since 14:03:07`. */
export function describeNextRetry({now, isStill}: Pick<SessionState, 'now' | 'isStill'>, at: number): string {
	const waitMs = at - now;
	if (waitMs > 0) {
		return isStill ? 'again' : `again in ${Math.ceil(waitMs / 1000)} s`;
	}

	return waitMs > -1000 ? 'again now' : `again since ${clockTime(at)}`;
}

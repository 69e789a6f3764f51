/** Describes the next retry. */
import {clockTime} from '../text/format-time.ts';
import type {SessionState} from './session-state.ts';

/** ` in 4 s`, ` now`, or after a second ` since 14:03:07`; no countdown under reduced motion. */
export function describeNextRetry({now, isReducedMotion}: Pick<SessionState, 'now' | 'isReducedMotion'>, at: number): string {
	const waitMs = at - now;
	if (waitMs > 0) {
		return isReducedMotion ? '' : ` in ${Math.ceil(waitMs / 1000)} s`;
	}

	return waitMs > -1000 ? ' now' : ` since ${clockTime(at)}`;
}

/** Texts about an apiserver that does not respond: the report and the next retry. */
import {describeUnreachable} from '../../descriptions/describe-error.ts';
import {clockTime} from '../../text/formats.ts';
import {sanitizeLine} from '../../text/sanitize.ts';
import type {SessionState, TextLine} from '../frame/session-state.ts';

/** Attempts have the role `tried`. */
export function unreachableTextLines(
	state: Pick<SessionState, 'cluster' | 'now' | 'isReducedMotion' | 'hasScreenReader'>,
): readonly TextLine[] {
	const {
		cluster: {retryAt, attempts, ...cluster},
	} = state;
	// A screen reader would read each new number.
	const attempt = state.hasScreenReader ? '' : ` (attempt ${attempts.count + 1})`;
	const next = retryAt === null ? '' : `Retrying${describeNextRetry(state, retryAt)}${attempt}.`;
	return describeUnreachable({...cluster, next, attempts: attempts.last}).map(({role, text}): TextLine => ({
		text: sanitizeLine(text),
		...(role === 'attempt' && {role: 'tried'}),
		...(role === 'fix' && {role: 'focus'}),
		...(role !== 'statement' && role !== 'attempt' && {label: role}),
	}));
}

/** ` in 4 s`, ` now`, or after a second ` since 14:03:07`; no countdown under reduced motion. */
export function describeNextRetry({now, isReducedMotion}: Pick<SessionState, 'now' | 'isReducedMotion'>, at: number): string {
	const waitMs = at - now;
	if (waitMs > 0) {
		return isReducedMotion ? '' : ` in ${Math.ceil(waitMs / 1000)} s`;
	}

	return waitMs > -1000 ? ' now' : ` since ${clockTime(at)}`;
}

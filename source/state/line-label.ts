/** The label of a text line. */
import {formatAge} from '../text/format-time.ts';
import type {TextLine} from './session-state.ts';

export function lineLabel({label, since}: TextLine, now: number): string | undefined {
	return since === undefined ? label : `${formatAge(now - since).padEnd(5)} ${label ?? ''}`;
}

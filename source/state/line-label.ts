/** What stands at the left of a line of text, at this moment. */
import {formatAge} from '../text/format-age.ts';
import type {TextLine} from './session-state.ts';

/** The age grows as long as the line is looked at. */
export function lineLabel({label, since}: TextLine, now: number): string | undefined {
	return since === undefined ? label : `${formatAge(now - since).padEnd(5)} ${label ?? ''}`;
}

/** The details below a step of the doctor, or a group of the node check. */
import type {Part} from '../../descriptions/parts.ts';
import {sanitizeLine} from '../../text/sanitize.ts';
import type {TextLine} from '../frame/session-state.ts';

export function detailLines(details: ReadonlyArray<Part<string>>): TextLine[] {
	return details.map(({role, text}): TextLine => ({
		label: role.padEnd(9),
		text: sanitizeLine(text),
		indent: 5,
		...(role === 'fix' && {role: 'focus'}),
	}));
}

/** A notice for the person, as one line that no cluster's word can break out of. */
import {shownOn} from '../text/locale-signs.ts';
import {sanitiseLine} from '../text/sanitise-line.ts';

/** With its line feed, in the signs that `to` can show. */
export function noticeLine(text: string, to: {readonly isTTY?: boolean | undefined}): string {
	return `${shownOn(to, sanitiseLine(text))}\n`;
}

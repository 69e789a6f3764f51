/** How are the matches of a search told? */
import {grouped} from '../text/grouped.ts';
import type {MatchCount} from './tail/shown-matches.ts';

/** `match 3 of 12`; what the filter leaves out is counted where nothing else is there. */
export function matchWords(count: MatchCount): string {
	const {at, of, more, hidden} = count;
	if (of === 0) {
		return hidden === 0 ? 'no match' : countWords(count);
	}

	return `match ${at === null ? '' : `${grouped(at)} `}of ${grouped(of)}${more ? '+' : ''}`;
}

/** `12 matches`, while the word is typed. */
export function countWords({of, more, hidden}: MatchCount): string {
	return `${grouped(of)}${more ? '+' : ''} ${of === 1 ? 'match' : 'matches'}${of === 0 && hidden > 0 ? `, ${grouped(hidden)} left out` : ''}`;
}

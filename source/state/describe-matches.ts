/** How are the matches of a search told? */
import {formatNumber} from '../text/format-number.ts';
import type {MatchCount} from './tail/shown-matches.ts';

/** `match 3 of 12`; what the filter leaves out is counted where nothing else is there. */
export function describeMatchPosition(count: MatchCount): string {
	const {at, of, more, hidden} = count;
	if (of === 0) {
		return hidden === 0 ? 'no match' : describeMatchCount(count);
	}

	return `match ${at === null ? '' : `${formatNumber(at)} `}of ${formatNumber(of)}${more ? '+' : ''}`;
}

/** `12 matches`, while the word is typed. */
export function describeMatchCount({of, more, hidden}: MatchCount): string {
	return `${formatNumber(of)}${more ? '+' : ''} ${of === 1 ? 'match' : 'matches'}${of === 0 && hidden > 0 ? `, ${formatNumber(hidden)} left out` : ''}`;
}

/** Describes the matches of a search. */
import {formatNumber} from '../../text/format-number.ts';
import type {MatchCount} from '../tail/shown-matches.ts';

/** `match 3 of 12`, or the number of matches if the filter hides all. */
export function describeMatchPosition(count: MatchCount): string {
	const {at, of, more, hidden} = count;
	if (of === 0) {
		return hidden === 0 ? 'no matches' : describeMatchCount(count);
	}

	return `match ${at === null ? '' : `${formatNumber(at)} `}of ${formatNumber(of)}${more ? '+' : ''}`;
}

export function describeMatchCount({of, more, hidden}: MatchCount): string {
	return `${formatNumber(of)}${more ? '+' : ''} ${of === 1 ? 'match' : 'matches'}${of === 0 && hidden > 0 ? `, ${formatNumber(hidden)} filtered out` : ''}`;
}

/** Of a search that went past the last line, or with -1 past the first. */
export function describeWrap(direction: 1 | -1): string {
	return `search wrapped to the ${direction > 0 ? 'top' : 'bottom'}`;
}

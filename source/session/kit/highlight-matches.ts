/** The matches of a search: highlighted in the visible lines, and counted in words. */
import {findMatchesWithin, patternOf} from '../../base/text/search-patterns.ts';
import {formatNumber} from '../../base/text/formats.ts';
import type {LineIndex} from '../tail/line-index.ts';
import type {MatchCount} from '../tail/log-line.ts';
import type {TailView} from '../tail/tail-view.ts';
import {styled, type Span} from './styled-line.ts';

export type MatchRanges = ReadonlyArray<readonly [from: number, to: number]>;

/** A regular expression may delay a frame by this much. */
const maxDurationMs = 20;
/** Fewer slow frames may be due to a busy machine. */
const maxSlowFrames = 3;
const slowFrames = new WeakMap<LineIndex, number>();

/**
@param lines the text of each line, without time and name
@param current index of the selected line, which is the current match; -1 if it is not among them
*/
export function highlightMatches(
	{search, searchIndex}: TailView,
	lines: ReadonlyArray<readonly Span[]>,
	current = -1,
	limitMs = maxDurationMs,
): ReadonlyArray<readonly Span[]> {
	const slow = searchIndex === null ? 0 : (slowFrames.get(searchIndex) ?? 0);
	if (search === null || searchIndex === null || searchIndex.problem !== null || slow >= maxSlowFrames) {
		return lines;
	}

	const texts = lines.map(spans => spans.map(({text}) => text).join(''));
	const hits: readonly MatchRanges[] | null = search.regex
		? findMatchesWithin(patternOf(search.text, 'g'), texts, limitMs)
		: texts.map(text => hitsOf(text, search.text));
	if (hits === null) {
		slowFrames.set(searchIndex, slow + 1);
		return lines;
	}

	return lines.map((spans, index) => applyBackground(spans, hits[index]!, index === current ? 'match.current' : 'match'));
}

function hitsOf(text: string, searched: string): MatchRanges {
	const within = searched === searched.toLowerCase() ? text.toLowerCase() : text;
	const hits: Array<readonly [number, number]> = [];
	for (let at = within.indexOf(searched); at >= 0 && within.length === text.length; at = within.indexOf(searched, at + searched.length)) {
		hits.push([at, at + searched.length]);
	}

	return hits;
}

/** `hits` are offsets in the joined text of all spans. */
export function applyBackground(spans: readonly Span[], hits: MatchRanges, ground: 'match' | 'match.current'): readonly Span[] {
	if (hits.length === 0) {
		return spans;
	}

	let begin = 0;
	return spans.flatMap(span => {
		const out: Span[] = [];
		let at = 0;
		for (const [from, to] of hits) {
			const [first, last] = [Math.max(at, from - begin), Math.min(span.text.length, to - begin)];
			if (first < last) {
				out.push({...span, text: span.text.slice(at, first)}, styled(ground, span.text.slice(first, last)));
				at = last;
			}
		}

		begin += span.text.length;
		return [...out, {...span, text: span.text.slice(at)}].filter(({text}) => text !== '');
	});
}

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

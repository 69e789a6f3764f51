/** Searching in a text that is read whole: which of its lines have it, and which one is next. */
import {matchWithin} from '../text/bounded-match.ts';
import {escapeRegExp} from '../text/escape-regexp.ts';
import {describeRegexError} from '../text/describe-regex-error.ts';
import type {TextLine} from './session-state.ts';
import {patternOf} from './tail/line-index.ts';

/** `found` are places among the lines, in order; `at` is the one that it stands on. */
export type TextSearch = {text: string; regex: boolean; found: readonly number[]; at: number | null};

type Searched = Pick<TextSearch, 'text' | 'regex'>;

/** A regular expression may look through a text for so long. */
const longestMs = 250;

/** As `patternOf`: lower-case letters match both cases. @throws SyntaxError for a regular expression that is none */
export function searchPattern({text, regex}: Searched, flags = ''): RegExp {
	return patternOf(regex ? text : escapeRegExp(text), flags);
}

/** Why it cannot be searched for; `null` when it can. */
export function searchProblem(searched: Searched): string | null {
	try {
		searchPattern(searched);
		return null;
	} catch (error) {
		return describeRegexError(error);
	}
}

/** On the first line from `from` on that has it, round the end. Nothing is found by what cannot be searched for, or not in time. */
export function searchText(lines: readonly TextLine[], {text, regex}: Searched, from: number): TextSearch | null {
	if (text === '') {
		return null;
	}

	const isProblem = searchProblem({text, regex}) !== null;
	const has = isProblem
		? null
		: matchWithin(
				searchPattern({text, regex}),
				lines.map(one => searchedText(one)),
				longestMs,
			);
	const found = lines.flatMap((_, index) => (has?.[index] ? [index] : []));
	return {text, regex, found, at: found.find(index => index >= from) ?? found[0] ?? null};
}

/** What is looked through of a line: the words before it as well, where it has some. */
function searchedText(one: TextLine): string {
	return one.asIs ? one.text : `${one.label ?? ''} ${one.text}`;
}

/** The found line behind or before the one that it stands on, round the ends. */
export function nextFound({found, at}: TextSearch, direction: 1 | -1): number | null {
	const here = at ?? -1;
	return direction > 0
		? (found.find(index => index > here) ?? found[0] ?? null)
		: (found.findLast(index => index < here) ?? found.at(-1) ?? null);
}

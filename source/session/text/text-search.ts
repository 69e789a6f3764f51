/** Search in a text that is read as a whole. */
import {matchWithin, escapeRegExp, describeRegexError, patternOf} from '../../text/search-patterns.ts';
import type {TextLine} from '../frame/session-state.ts';

/** `found`: line indexes in order. */
export type TextSearch = {text: string; regex: boolean; found: readonly number[]; at: number | null};

type Searched = Pick<TextSearch, 'text' | 'regex'>;

/** Limit for a whole text. */
const maxDurationMs = 250;

/** Like `patternOf`. @throws SyntaxError for an invalid regular expression */
export function searchPattern({text, regex}: Searched, flags = ''): RegExp {
	return patternOf(regex ? text : escapeRegExp(text), flags);
}

export function searchProblem(searched: Searched): string | null {
	try {
		searchPattern(searched);
		return null;
	} catch (error) {
		return describeRegexError(error);
	}
}

/** Wraps around. An invalid or slow search finds nothing. */
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
				maxDurationMs,
			);
	const found = lines.flatMap((_, index) => (has?.[index] ? [index] : []));
	return {text, regex, found, at: found.find(index => index >= from) ?? found[0] ?? null};
}

function searchedText(one: TextLine): string {
	return one.asIs ? one.text : `${one.label ?? ''} ${one.text}`;
}

/** Wraps around. */
export function nextFound({found, at}: TextSearch, direction: 1 | -1): number | null {
	const here = at ?? -1;
	return direction > 0
		? (found.find(index => index > here) ?? found[0] ?? null)
		: (found.findLast(index => index < here) ?? found.at(-1) ?? null);
}

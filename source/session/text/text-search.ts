/** Search in a text that is read as a whole, and whether its lines are wrapped or cut. */
import {matchWithin, escapeRegExp, describeRegexError, patternOf} from '../../text/search-patterns.ts';
import type {Layer, SessionState, TextLine} from '../frame/session-state.ts';

/** `found`: line indexes in order. */
export type TextSearch = {text: string; regex: boolean; found: readonly number[]; at: number | null};

type Searched = Pick<TextSearch, 'text' | 'regex'>;

/** Limit for a whole text. */
const maxDurationMs = 250;

/** `left`: cells scrolled out at the left. */
export type TextWrapping = {isCut: boolean; left: number};

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

/** Text that is scrolled sideways is always cut. */
export function wrappingOf({isTextCut}: Pick<SessionState, 'isTextCut'>, layer: Layer | undefined): TextWrapping {
	const left = layer !== undefined && 'left' in layer ? (layer.left ?? 0) : 0;
	return {isCut: isTextCut || left > 0, left};
}

export function toggleWrap(state: SessionState): SessionState {
	const top = state.layers.at(-1);
	const layers = top !== undefined && 'left' in top ? [...state.layers.slice(0, -1), {...top, left: 0}] : state.layers;
	return {...state, layers, isTextCut: !wrappingOf(state, top).isCut};
}

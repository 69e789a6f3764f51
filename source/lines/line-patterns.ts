/** Selection of lines by regular expressions. */
import {SpokeError} from '../errors/spoke-error.ts';
import {matchWithin, describeRegexError} from '../text/search-patterns.ts';
import {formatNumber} from '../text/formats.ts';

/** A line must match one of `include`, if there are any, and none of `exclude`. */
export type LinePatterns = {include: readonly LinePattern[]; exclude: readonly LinePattern[]};
type LinePattern = {flag: string; pattern: RegExp};

/** Processor time for one pattern in one block of lines. */
const matchLimitMs = 1000;
/** Go's syntax for the whole pattern, as stern's users write it. */
const leadingFlags = /^\(\?([ims]+)\)/;

/** Case-sensitive, unless the text begins with `(?i)`. @throws SpokeError ERR_USAGE that names the flag and the reason */
export function parseLinePattern(flag: string, text: string): LinePattern {
	const [lead = '', flags = ''] = leadingFlags.exec(text) ?? [];
	try {
		return {flag: `${flag} ${JSON.stringify(text)}`, pattern: new RegExp(text.slice(lead.length), `u${flags}`)};
	} catch (error) {
		throw new SpokeError('ERR_USAGE', `${flag} ${JSON.stringify(text)}: ${describeRegexError(error)}`);
	}
}

/** For each text, whether it is selected. @throws SpokeError ERR_USAGE for a pattern that takes too long */
export function selectTexts({include, exclude}: LinePatterns, texts: readonly string[]): readonly boolean[] {
	const selected = texts.map(() => include.length === 0);
	for (const one of include) {
		markMatches(one, texts, selected, true);
	}

	for (const one of exclude) {
		markMatches(one, texts, selected, false);
	}

	return selected;
}

function markMatches({flag, pattern}: LinePattern, texts: readonly string[], selected: boolean[], mark: boolean): void {
	const matches = canBacktrack(pattern) ? matchWithin(pattern, texts, matchLimitMs) : texts.map(text => pattern.test(text));
	if (matches === null) {
		throw new SpokeError('ERR_USAGE', `${flag} takes longer than ${matchLimitMs / 1000} s for ${formatNumber(texts.length)} lines`, {
			remedy: 'use a simpler regular expression, for example without nested repetition',
		});
	}

	for (const [index, isMatch] of matches.entries()) {
		selected[index] = isMatch ? mark : selected[index]!;
	}
}

/** Without repetition, the time is bounded by the pattern and the text; a time limit costs 0.2 ms for each block. */
function canBacktrack({source}: RegExp): boolean {
	return /[*+{]/.test(source);
}

/** Regular expressions that a user types: escaping, letter case, errors, and the lines that they select. */
import process from 'node:process';
import {createContext, Script} from 'node:vm';
import {SpokeError} from '../errors/spoke-error.ts';
import {formatNumber} from './formats.ts';

const context = createContext({texts: [] as readonly string[], pattern: /^/g});
const testScript = new Script('texts.map(text => { pattern.lastIndex = 0; return pattern.test(text); })');

const matchesScript = new Script('texts.map(text => Array.from(text.matchAll(pattern), hit => [hit.index, hit.index + hit[0].length]))');

/** A line must match one of `include`, if there are any, and none of `exclude`. */
export type LinePatterns = {include: readonly LinePattern[]; exclude: readonly LinePattern[]};
type LinePattern = {flag: string; pattern: RegExp};

/** Processor time for one pattern in one block of lines. */
const matchLimitMs = 1000;
/** Go's syntax for the whole pattern, as stern's users write it. */
const leadingFlags = /^\(\?([ims]+)\)/;

export function escapeRegExp(text: string): string {
	return text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
}

export function describeRegexError(error: unknown): string {
	return `invalid regular expression: ${(error as Error).message.replace(/^Invalid regular expression: .*: /s, '').toLowerCase()}`;
}

/** @throws SyntaxError for an invalid regular expression */
export function patternOf(text: string, flags = ''): RegExp {
	// The letter of an escape is not a capital letter: \S, \W, \p{L}.
	return new RegExp(text, `${flags}${isLower(text.replaceAll(/\\p\{[^}]*\}|\\./gi, '')) ? 'iu' : 'u'}`);
}

export function isLower(text: string): boolean {
	return text === text.toLowerCase();
}

/** `null` after `timeoutMs` of CPU time. */
export function matchWithin(pattern: RegExp, texts: readonly string[], timeoutMs: number): readonly boolean[] | null {
	return within<boolean>(testScript, pattern, texts, timeoutMs);
}

/** Start and end of each match. `pattern` must be global. */
export function findMatchesWithin(
	pattern: RegExp,
	texts: readonly string[],
	timeoutMs: number,
): ReadonlyArray<ReadonlyArray<readonly [number, number]>> | null {
	return within<Array<[number, number]>>(matchesScript, pattern, texts, timeoutMs);
}

function within<Result>(code: Script, pattern: RegExp, texts: readonly string[], timeoutMs: number): readonly Result[] | null {
	Object.assign(context, {texts, pattern});
	const start = process.cpuUsage();
	for (;;) {
		try {
			return code.runInContext(context, {timeout: timeoutMs}) as Result[];
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
				throw error;
			}

			// A busy machine can use up wall-clock time without running the pattern.
			const {user, system} = process.cpuUsage(start);
			if (user + system >= timeoutMs * 1000) {
				return null;
			}
		}
	}
}

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

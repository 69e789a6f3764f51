/** Regular expressions that a user types: escaping, letter case and errors. */
import process from 'node:process';
import {createContext, Script} from 'node:vm';

const context = createContext({texts: [] as readonly string[], pattern: /^/g});
const testScript = new Script('texts.map(text => { pattern.lastIndex = 0; return pattern.test(text); })');

const matchesScript = new Script('texts.map(text => Array.from(text.matchAll(pattern), hit => [hit.index, hit.index + hit[0].length]))');

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

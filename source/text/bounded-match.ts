/** Runs a person's regular expression over many texts, for no longer than a limit: one that backtracks for ever cannot stop the program. */
import process from 'node:process';
import {createContext, Script} from 'node:vm';

const context = createContext({texts: [] as readonly string[], pattern: /^/g});
const testScript = new Script('texts.map(text => { pattern.lastIndex = 0; return pattern.test(text); })');

const matchesScript = new Script('texts.map(text => Array.from(text.matchAll(pattern), hit => [hit.index, hit.index + hit[0].length]))');

/** For each text whether `pattern` is in it, or `null` when `limitMs` of processor time did not suffice. */
export function matchWithin(pattern: RegExp, texts: readonly string[], timeoutMs: number): readonly boolean[] | null {
	return within<boolean>(testScript, pattern, texts, timeoutMs);
}

/** For each text where `pattern`, which is a global one, hits it: from where to where; or `null` when `limitMs` of processor time did not suffice. */
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

			// The limit is one of the clock. On a busy machine it may pass while we wait for the processor, which is not the pattern's fault.
			const {user, system} = process.cpuUsage(start);
			if (user + system >= timeoutMs * 1000) {
				return null;
			}
		}
	}
}

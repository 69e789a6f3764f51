/** Runs a person's regular expression over many texts, for no longer than a limit: one that backtracks for ever cannot stop the program. */
import process from 'node:process';
import {createContext, Script} from 'node:vm';

const context = createContext({texts: [] as readonly string[], pattern: /^/g});
const script = new Script('texts.map(text => { pattern.lastIndex = 0; return pattern.test(text); })');

const hits = new Script('texts.map(text => Array.from(text.matchAll(pattern), hit => [hit.index, hit.index + hit[0].length]))');

/** For each text whether `pattern` is in it, or `null` when `limitMs` of processor time did not suffice. */
export function matchWithin(pattern: RegExp, texts: readonly string[], limitMs: number): readonly boolean[] | null {
	return within<boolean>(script, pattern, texts, limitMs);
}

/** For each text where `pattern`, which is a global one, hits it: from where to where; or `null` when `limitMs` of processor time did not suffice. */
export function hitsWithin(
	pattern: RegExp,
	texts: readonly string[],
	limitMs: number,
): ReadonlyArray<ReadonlyArray<readonly [number, number]>> | null {
	return within<Array<[number, number]>>(hits, pattern, texts, limitMs);
}

function within<Result>(code: Script, pattern: RegExp, texts: readonly string[], limitMs: number): readonly Result[] | null {
	Object.assign(context, {texts, pattern});
	const start = process.cpuUsage();
	for (;;) {
		try {
			return code.runInContext(context, {timeout: limitMs}) as Result[];
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
				throw error;
			}

			// The limit is one of the clock. On a busy machine it may pass while we wait for the processor, which is not the pattern's fault.
			const {user, system} = process.cpuUsage(start);
			if (user + system >= limitMs * 1000) {
				return null;
			}
		}
	}
}

/** Runs a person's regular expression over many texts, for no longer than a limit: one that backtracks for ever cannot stop the program. */
import {createContext, Script} from 'node:vm';

const context = createContext({texts: [] as readonly string[], pattern: /^/});
const script = new Script('texts.map(text => { pattern.lastIndex = 0; return pattern.test(text); })');

/** For each text whether `pattern` is in it, or `null` when `limitMs` did not suffice. */
export function matchWithin(pattern: RegExp, texts: readonly string[], limitMs: number): readonly boolean[] | null {
	Object.assign(context, {texts, pattern});
	try {
		return script.runInContext(context, {timeout: limitMs}) as boolean[];
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
			return null;
		}

		throw error;
	}
}

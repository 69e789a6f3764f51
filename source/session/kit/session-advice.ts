/** Rewrites advice for a shell as keys of the session. */
import {describeError, type ErrorPart} from '../../descriptions/describe-error.ts';
import {errorTable} from '../../errors/error-table.ts';
import type {ErrorObject} from '../../errors/spoke-error.ts';
import {formatKeys} from '../../keymap/keymap.ts';
import {firstKey, type ScreenWith} from './screen-input.ts';

type ShownKeys = Pick<ScreenWith<never>, 'keymap' | 'hints' | 'viewHints'>;

/** `or --probe active` becomes `or the test (t)`, and so does the command that has the flag. */
export function toSessionAdvice(screen: ShownKeys, text: string): string {
	const test = firstKey(screen, 'test') ?? viaWhy(screen);
	const doctor = firstKey(screen, 'doctor');
	const tested = test === null ? text : text.replaceAll(/(?:spoke path TARGET )?--probe active/g, () => `the test (${test})`);
	return doctor === null ? tested : tested.replace(/^run `spoke doctor` on the target$/, () => `${doctor} runs the doctor`);
}

/** Without the advice on a command line, because none was typed. */
export function sessionErrorParts(error: ErrorObject): readonly ErrorPart[] {
	return describeError(error).filter(({role, text}) => role !== 'fix' || text !== errorTable.ERR_USAGE.remedy);
}

/** The test is on the why screen. */
function viaWhy(screen: ShownKeys): string | null {
	const there = firstKey(screen, 'why');
	const sequence = screen.keymap.get('why')?.get('test')?.sequences[0];
	return there === null || sequence === undefined ? null : `${there}, then ${formatKeys(sequence)}`;
}

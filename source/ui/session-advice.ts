/** Advice is written for a shell; in the session a key does the same. */
import {findAction} from '../actions/action-table.ts';
import {formatKeys} from '../keymap/key-name.ts';
import {firstKey, type RenderInput} from './render-input.ts';

/** `or --probe active` is `or t (asks first)`; what has no key here stays as it is. */
export function toSessionAdvice(screen: RenderInput, text: string): string {
	const test = firstKey(screen, 'why.test') ?? firstKey(screen, 'audit.test') ?? viaWhy(screen);
	const doctor = firstKey(screen, 'why.doctor') ?? firstKey(screen, 'pods.doctor');
	const tested = test === null ? text : text.replaceAll('--probe active', () => `${test} (asks first)`);
	return doctor === null
		? tested
		: tested.replace(/^run `spoke doctor` on the target$/, () => `${doctor} walks the legs and says what is wrong`);
}

/** The test is a key of another screen: the keys that lead there. */
function viaWhy(screen: RenderInput): string | null {
	const there = firstKey(screen, 'path.why');
	const sequence = screen.keymap.get(findAction('why.test')!.context)?.get('why.test')?.sequences[0];
	return there === null || sequence === undefined ? null : `${there}, then ${formatKeys(sequence)}`;
}

/** Copies by way of the terminal, which is the only one that reaches the person's own clipboard. */
import {sanitize} from '../text/sanitize.ts';
import {copyNeeds, copySequence} from '../terminal/clipboard.ts';
import type {Session} from './session.ts';

/** Controls are copied as they are shown, so that nothing can end a paste early and be typed. `what` is what the last row calls it. */
export function copyToClipboard({terminal, env, tell}: Pick<Session, 'terminal' | 'env' | 'tell'>, text: string, what: string): void {
	const sequence = copySequence(sanitize(text), env);
	if (sequence === null) {
		tell(`${what} is longer than terminals copy: save it instead`, 'warn');
		return;
	}

	terminal.stdout.write(sequence);
	const needs = copyNeeds(env);
	tell(`copied ${what}${needs === null ? '' : ` (${needs})`}`);
}

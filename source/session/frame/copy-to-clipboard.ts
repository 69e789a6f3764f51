/** Copies through the terminal (OSC 52). */
import {sanitize} from '../../text/sanitize.ts';
import {copyNeeds, copySequence} from './clipboard.ts';
import type {Session} from './session.ts';

/** Escapes control characters, so that none can end a paste early. */
export function copyToClipboard({terminal, env, tell}: Pick<Session, 'terminal' | 'env' | 'tell'>, text: string, what: string): void {
	const sequence = copySequence(sanitize(text), env);
	if (sequence === null) {
		tell(`${what} is too long to copy through the terminal: save it instead`, 'warn');
		return;
	}

	terminal.stdout.write(sequence);
	const needs = copyNeeds(env);
	tell(`copied ${what}${needs === null ? '' : ` (${needs})`}`);
}

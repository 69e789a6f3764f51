/** Notices on the bottom line, and the message list. */
import {toSpokeError} from '../../errors/spoke-error.ts';
import type {Path} from '../../evidence/evidence.ts';
import type {Message} from './session-state.ts';
import {currentKeyHints} from './create-screen-input.ts';
import {hintedKey} from '../kit/screen-input.ts';
import type {Session} from './session.ts';
import {shortErrorFirst} from '../../descriptions/describe-error.ts';

/** A `plain` message does not replace a recent warning. */
export function showMessage({store}: Pick<Session, 'store'>, text: string, role: Message['role'] = 'plain'): void {
	store.dispatchNow({type: 'notice', text, role, now: Date.now()});
}

export function showFailure(session: Pick<Session, 'store' | 'keymap'>, about: string, thrown: unknown, path: Path | null = null): void {
	const error = toSpokeError(thrown);
	const words = error.leg === 2 ? shortErrorFirst(error) : error.message;
	session.store.dispatchNow({
		type: 'failed',
		failure: {about, error: error.toJSON(), path},
		text: `${about}: ${words}`,
		hint: whyHint(session),
		now: Date.now(),
	});
}

function whyHint(session: Pick<Session, 'store' | 'keymap'>): string {
	const key = hintedKey({hints: currentKeyHints(session)}, 'why');
	return key === undefined ? '' : `${key} why`;
}

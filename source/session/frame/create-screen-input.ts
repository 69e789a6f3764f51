/** Input of a screen from the session as it is now. */
import {describeKeys, type KeyHint} from '../../keymap/describe-keys.ts';
import type {Keymap} from '../../keymap/keymap.ts';
import {keyContext, type SessionState} from './session-state.ts';
import type {ScreenInput} from '../kit/screen-input.ts';
import type {Theme} from '../kit/theme.ts';
import {disabledReason} from '../keys/disabled-reason.ts';
import type {Session} from './session.ts';

export function currentKeyHints({store, keymap}: Pick<Session, 'store' | 'keymap'>): readonly KeyHint[] {
	return keyHints(keymap, store.state);
}

function keyHints(keymap: Keymap, state: SessionState): readonly KeyHint[] {
	// The help is about the screen below it.
	const below = {...state, layers: state.layers.filter(({kind}) => kind !== 'help')};
	return describeKeys(
		keymap,
		keyContext(state),
		action => disabledReason(below, action)?.replace(`${action.title}: disabled, `, '') ?? null,
	);
}

export function createScreenInput(session: Pick<Session, 'store' | 'keymap'>, theme: Theme): ScreenInput {
	const {
		store: {state},
		keymap,
	} = session;
	const viewHints = state.dialog === null ? {} : {viewHints: keyHints(keymap, {...state, dialog: null})};
	return {state, theme, keymap, hints: keyHints(keymap, state), ...viewHints};
}

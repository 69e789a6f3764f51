/** Input of a frame. */
import {describeKeys, type KeyHint} from '../../keymap/describe-keys.ts';
import {keyContext} from './session-state.ts';
import type {TailView} from '../tail/tail-view.ts';
import type {RenderInput} from '../kit/render-input.ts';
import type {Theme} from '../kit/theme.ts';
import {disabledReason} from '../keys/disabled-reason.ts';
import type {Session} from './session.ts';

export function currentKeyHints({store, keymap}: Pick<Session, 'store' | 'keymap'>): readonly KeyHint[] {
	const {state} = store;
	return describeKeys(
		keymap,
		keyContext(state),
		action => disabledReason(state, action)?.replace(`${action.title}: disabled, `, '') ?? null,
	);
}

export function createRenderInput(session: Pick<Session, 'store' | 'keymap'>, tail: TailView | null, theme: Theme): RenderInput {
	return {state: session.store.state, theme, keymap: session.keymap, hints: currentKeyHints(session), tail};
}

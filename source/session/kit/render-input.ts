/** Input of the panes. */
import {findAction} from '../../actions/action-table.ts';
import {formatKeys} from '../../keymap/key-name.ts';
import type {Keymap} from '../../keymap/keymap.ts';
import type {SessionState} from '../frame/session-state.ts';
import type {KeyHint} from '../../keymap/describe-keys.ts';
import type {TailView} from '../tail/tail-view.ts';
import type {Theme} from './theme.ts';

export type RenderInput = {
	state: SessionState;
	theme: Theme;
	keymap: Keymap;
	hints: readonly KeyHint[];
	tail: TailView | null;
};

/** `undefined` if no current hint has the action. */
export function hintedKey({hints}: Pick<RenderInput, 'hints'>, action: string): string | undefined {
	return hints.find(hint => hint.action.id === action)?.keys[0];
}

/** Unlike `hintedKey`, ignores an open dialog. */
export function firstKey(screen: RenderInput, action: string): string | null {
	const {
		state: {overlay},
		keymap,
	} = screen;
	const found = hintedKey(screen, action) ?? null;
	const waiting = found === null && overlay !== null ? keymap.get(findAction(action)?.context ?? '')?.get(action)?.sequences[0] : undefined;
	return waiting === undefined ? found : formatKeys(waiting);
}

/** What every pane is drawn from. */
import {findAction} from '../actions/action-table.ts';
import {formatKeys} from '../keymap/key-name.ts';
import type {Keymap} from '../keymap/keymap.ts';
import type {SessionState} from '../state/session-state.ts';
import type {KeyHint} from '../keymap/describe-keys.ts';
import type {TailView} from '../state/tail/tail-view.ts';
import type {Theme} from './theme.ts';

export type RenderInput = {
	state: SessionState;
	theme: Theme;
	keymap: Keymap;
	/** The keys of this place, with the reasons of those that are off. */
	hints: readonly KeyHint[];
	/** The tail on top, when there is one. */
	tail: TailView | null;
};

/** As a hint names it; none where no key does it now. */
export function hintedKey({hints}: Pick<RenderInput, 'hints'>, action: string): string | undefined {
	return hints.find(hint => hint.action.id === action)?.keys[0];
}

/** The same, with the keys of the place behind an overlay; `null` where no key of this place does it. */
export function firstKey(screen: RenderInput, action: string): string | null {
	const {
		state: {overlay},
		keymap,
	} = screen;
	const found = hintedKey(screen, action) ?? null;
	// While something is typed or asked the keys of the place behind it wait, and are still its keys.
	const waiting = found === null && overlay !== null ? keymap.get(findAction(action)?.context ?? '')?.get(action)?.sequences[0] : undefined;
	return waiting === undefined ? found : formatKeys(waiting);
}

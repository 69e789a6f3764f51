/** What every pane is drawn from. */
import type {Keymap} from '../keymap/keymap.ts';
import type {SessionState} from '../state/session-state.ts';
import type {KeyHint} from '../keymap/describe-keys.ts';
import type {TailView} from '../state/tail/tail-view.ts';
import type {Theme} from './theme.ts';

export type Screen = {
	state: SessionState;
	theme: Theme;
	keymap: Keymap;
	/** The keys of this place, with the reasons of those that are off. */
	hints: readonly KeyHint[];
	/** The tail on top, when there is one. */
	tail: TailView | null;
};

export function firstKey(screen: Screen, action: string): string | null {
	return screen.hints.find(hint => hint.action.id === action)?.keys[0] ?? null;
}

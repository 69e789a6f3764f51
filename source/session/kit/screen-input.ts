/** Input of a screen: what it is drawn from. */
import type {ActionId} from '../../actions/action-table.ts';
import type {Keymap} from '../../keymap/keymap.ts';
import type {SessionState} from '../frame/session-state.ts';
import type {KeyHint} from '../../keymap/describe-keys.ts';
import type {Theme} from './theme.ts';

export type ScreenInput = {
	state: SessionState;
	theme: Theme;
	keymap: Keymap;
	hints: readonly KeyHint[];
	/** While a dialog is open: the hints of the view. */
	viewHints?: readonly KeyHint[];
};

/** Input of which only these parts of the state are drawn. */
export type ScreenWith<Part extends keyof SessionState> = Omit<ScreenInput, 'state'> & {state: Pick<SessionState, Part>};

/** Of the open dialog, or else of the view; `undefined` if no current hint has the action. */
export function hintedKey({hints}: Pick<ScreenInput, 'hints'>, action: ActionId): string | undefined {
	return hints.find(hint => hint.action.id === action)?.keys[0];
}

/** Unlike `hintedKey`, ignores an open dialog. */
export function firstKey({hints, viewHints = hints}: Pick<ScreenInput, 'hints' | 'viewHints'>, action: ActionId): string | null {
	return hintedKey({hints: viewHints}, action) ?? null;
}

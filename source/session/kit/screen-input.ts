/** What a screen is drawn from, and how its components read it. */
import {createContext, use, useRef} from 'react';
import {useStore} from 'zustand/react';
import type {StoreApi} from 'zustand/vanilla';
import type {ActionId} from '../actions/action-table.ts';
import {type KeyHint, type Keymap, formatKeys} from '../keymap/keymap.ts';
import type {SessionState} from '../frame/session-state.ts';
import type {Theme} from './theme.ts';
import {describeError, type ErrorPart} from '../../report/descriptions/describe-error.ts';
import {errorTable} from '../../base/errors/error-table.ts';
import type {ErrorObject} from '../../base/errors/spoke-error.ts';

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

export type Frames = StoreApi<ScreenInput>;

/** What the layout gave to the list of a view, and to the body of a layer. */
export type LayoutCallbacks = {onListRows(rows: number): void; onPageRows(rows: number): void};

export type ScreenHost = LayoutCallbacks & {frames: Frames};

export const ScreenContext = createContext<ScreenHost | null>(null);

type ShownKeys = Pick<ScreenWith<never>, 'keymap' | 'hints' | 'viewHints'>;

/** Of the open dialog, or else of the view; `undefined` if no current hint has the action. */
export function hintedKey({hints}: Pick<ScreenInput, 'hints'>, action: ActionId): string | undefined {
	return hints.find(hint => hint.action.id === action)?.keys[0];
}

/** Unlike `hintedKey`, ignores an open dialog. */
export function firstKey({hints, viewHints = hints}: Pick<ScreenInput, 'hints' | 'viewHints'>, action: ActionId): string | null {
	return hintedKey({hints: viewHints}, action) ?? null;
}

/** Renders again when the selected part changed. `select` must return the same object for the same frame. */
export function useScreen<Part>(select: (screen: ScreenInput) => Part): Part {
	return useStore(useScreenHost().frames, select);
}

export function useScreenHost(): ScreenHost {
	const host = use(ScreenContext);
	if (host === null) {
		throw new Error('a component of the screen is rendered outside of it');
	}

	return host;
}

/** The screen with the parts of the state that a component draws. It is drawn again when one of them, a key or the theme changed. */
export function useScreenWith<Part extends keyof SessionState>(...parts: readonly Part[]): ScreenWith<Part> {
	const drawn = useRef<ScreenInput>(null);
	return useScreen(screen => {
		if (drawn.current === null || isChanged(drawn.current, screen, parts)) {
			drawn.current = screen;
		}

		return drawn.current;
	});
}

function isChanged(before: ScreenInput, now: ScreenInput, parts: ReadonlyArray<keyof SessionState>): boolean {
	return (
		before.hints !== now.hints ||
		before.viewHints !== now.viewHints ||
		before.theme !== now.theme ||
		before.keymap !== now.keymap ||
		parts.some(part => before.state[part] !== now.state[part])
	);
}

/** For the bodies of lists, tails and responses, whose rows depend on most of the state. */
export function wholeScreen(screen: ScreenInput): ScreenInput {
	return screen;
}

/** `or --probe active` becomes `or the test (t)`, and so does the command that has the flag. */
export function toSessionAdvice(screen: ShownKeys, text: string): string {
	const test = firstKey(screen, 'test') ?? viaWhy(screen);
	const doctor = firstKey(screen, 'doctor');
	const tested = test === null ? text : text.replaceAll(/(?:spoke path TARGET )?--probe active/g, () => `the test (${test})`);
	return doctor === null ? tested : tested.replace(/^run `spoke doctor` on the target$/, () => `${doctor} runs the doctor`);
}

/** Without the advice on a command line, because none was typed. */
export function sessionErrorParts(error: ErrorObject): readonly ErrorPart[] {
	return describeError(error).filter(({role, text}) => role !== 'fix' || text !== errorTable.ERR_USAGE.remedy);
}

/** The test is on the why screen. */
function viaWhy(screen: ShownKeys): string | null {
	const there = firstKey(screen, 'why');
	const sequence = screen.keymap.get('why')?.get('test')?.sequences[0];
	return there === null || sequence === undefined ? null : `${there}, then ${formatKeys(sequence)}`;
}

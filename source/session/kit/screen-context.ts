/** What the components of the screen read: the frame that is drawn, by selectors. */
import {createContext, use} from 'react';
import type {StoreApi} from 'zustand/vanilla';
import {useStore} from 'zustand/react';
import type {RenderInput} from './render-input.ts';

export type Frames = StoreApi<RenderInput>;

/** What the layout gave to the list of a view, and to the body of a layer. */
export type LayoutCallbacks = {onListRows(rows: number): void; onPageRows(rows: number): void};

export type ScreenHost = LayoutCallbacks & {frames: Frames};

export const ScreenContext = createContext<ScreenHost | null>(null);

/** Renders again when the selected part changed. `select` must return the same object for the same frame. */
export function useScreen<Part>(select: (screen: RenderInput) => Part): Part {
	return useStore(useScreenHost().frames, select);
}

export function useScreenHost(): ScreenHost {
	const host = use(ScreenContext);
	if (host === null) {
		throw new Error('a component of the screen is rendered outside of it');
	}

	return host;
}

/** For components that draw rows from many parts of the state. */
export function wholeScreen(screen: RenderInput): RenderInput {
	return screen;
}

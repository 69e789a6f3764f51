/** How are the lines of a text drawn: wrapped, or cut at the edge of the screen and moved sideways? Pure. */
import type {Layer, SessionState} from './session-state.ts';

/** `left`: so many cells of each line stand outside at the left. */
export type TextWrapping = {isCut: boolean; left: number};

export const wrapped: TextWrapping = {isCut: false, left: 0};

/** What is moved sideways is cut meanwhile, also where lines are wrapped. */
export function wrappingOf({textsAreCut}: Pick<SessionState, 'textsAreCut'>, layer: Layer | undefined): TextWrapping {
	const left = layer !== undefined && 'left' in layer ? (layer.left ?? 0) : 0;
	return {isCut: textsAreCut || left > 0, left};
}

/** Wraps what is cut on top, and cuts what is wrapped; so it is for the texts that are opened later. */
export function toggleWrap(state: SessionState): SessionState {
	const top = state.layers.at(-1);
	const layers = top !== undefined && 'left' in top ? [...state.layers.slice(0, -1), {...top, left: 0}] : state.layers;
	return {...state, layers, textsAreCut: !wrappingOf(state, top).isCut};
}

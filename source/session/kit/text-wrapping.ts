/** Whether lines of texts are wrapped or cut. */
import type {Layer, SessionState} from '../frame/session-state.ts';

/** `left`: cells scrolled out at the left. */
export type TextWrapping = {isCut: boolean; left: number};

export const wrapped: TextWrapping = {isCut: false, left: 0};

/** Text that is scrolled sideways is always cut. */
export function wrappingOf({isTextCut}: Pick<SessionState, 'isTextCut'>, layer: Layer | undefined): TextWrapping {
	const left = layer !== undefined && 'left' in layer ? (layer.left ?? 0) : 0;
	return {isCut: isTextCut || left > 0, left};
}

export function toggleWrap(state: SessionState): SessionState {
	const top = state.layers.at(-1);
	const layers = top !== undefined && 'left' in top ? [...state.layers.slice(0, -1), {...top, left: 0}] : state.layers;
	return {...state, layers, isTextCut: !wrappingOf(state, top).isCut};
}

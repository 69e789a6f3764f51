/** Opens a text screen. */
import type {Layer} from '../frame/session-state.ts';
import type {Session} from '../frame/session.ts';

export type TextLayer = Extract<Layer, {kind: 'text'}>;

/** A `busy` text is filled later by its `id`. */
export function openText({store}: Pick<Session, 'store'>, text: Pick<TextLayer, 'title' | 'subject' | 'lines'> & Partial<TextLayer>): void {
	store.dispatchNow({
		type: 'push',
		layer: {kind: 'text', right: '', top: 0, context: 'details', copy: '', command: null, busy: false, ...text},
	});
}

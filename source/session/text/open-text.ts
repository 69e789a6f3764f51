/** Opens a text screen. */
import type {TextLayer} from '../frame/session-state.ts';
import type {Session} from '../frame/session.ts';

/** A `busy` text is filled later by its `id`. */
export function openText({store}: Pick<Session, 'store'>, text: Pick<TextLayer, 'title' | 'subject' | 'lines'> & Partial<TextLayer>): void {
	store.dispatchNow({
		type: 'push',
		layer: {kind: 'text', status: '', top: 0, keyContext: 'details', copy: '', command: null, busy: false, ...text},
	});
}

/** The text on top. */
export function currentText({store}: Pick<Session, 'store'>): TextLayer | null {
	const layer = store.state.layers.at(-1);
	return layer?.kind === 'text' ? layer : null;
}

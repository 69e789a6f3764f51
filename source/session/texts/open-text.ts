/** A text is opened over what is on the screen. */
import type {Layer} from '../../state/session-state.ts';
import type {Session} from '../session.ts';

export type TextLayer = Extract<Layer, {kind: 'text'}>;

/** From its first line. What is not said of it is empty; `busy` is one that is filled later, by its `id`. */
export function openText({store}: Pick<Session, 'store'>, text: Pick<TextLayer, 'title' | 'subject' | 'lines'> & Partial<TextLayer>): void {
	store.now({type: 'push', layer: {kind: 'text', right: '', top: 0, context: 'details', copy: '', command: null, busy: false, ...text}});
}

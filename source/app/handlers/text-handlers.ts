/** Moving about in a text that is longer than the screen: details, doctor, why, messages, help. */
import {layerLength} from '../../ui/session-screen.tsx';
import {spokenText} from '../../ui/spoken-text.ts';
import {isSpoken, spokenPage} from '../../ui/spoken-words.ts';
import {makeScreen} from '../make-screen.ts';
import type {Session} from '../session.ts';
import {plainTheme} from '../../ui/theme.ts';
import type {Handlers} from './handler.ts';

const far = 1_000_000_000;

export const textHandlers: Handlers = {
	'text.down'(session) {
		scroll(session, 1);
	},
	'text.up'(session) {
		scroll(session, -1);
	},
	'text.page-down'(session) {
		scroll(session, page(session));
	},
	'text.page-up'(session) {
		scroll(session, -page(session));
	},
	'text.top'(session) {
		scroll(session, -far);
	},
	'text.bottom'(session) {
		scroll(session, far);
	},
};

/** One line of the page before stays; aloud none is read twice. */
function page(session: Session): number {
	return isSpoken(session.env) ? spokenPage : Math.max(1, textPage(session) - 1);
}

/** The rows of a text that are on the screen, between its rule and the footer. */
export function textPage({store}: Session): number {
	return store.state.size.rows - 3;
}

function scroll(session: Session, by: number): void {
	const layer = session.store.state.layers.at(-1);
	if (layer && 'top' in layer) {
		scrollTo(session, layer.top + by);
	}
}

/** Never past the last page: the way back begins with the first key. */
export function scrollTo(session: Session, top: number): void {
	const {store} = session;
	const layer = store.state.layers.at(-1);
	if (layer && 'top' in layer) {
		const screen = makeScreen(session, null, plainTheme);
		const last = Math.max(0, isSpoken(session.env) ? spokenText(screen, layer).length - spokenPage : layerLength(screen, layer) - textPage(session));
		store.now({type: 'layer', to: {top: Math.max(0, Math.min(top, last))}});
	}
}

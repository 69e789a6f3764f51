/** Scrolling of text screens. */
import type {Layer} from '../frame/session-state.ts';
import {wrappingOf} from '../kit/text-wrapping.ts';
import {layerRows, layerTexts} from './layer-rows.ts';
import {hiddenCells} from '../kit/text-rows.ts';
import {createScreenInput} from '../frame/session-display.ts';
import {plainTheme} from '../kit/theme.ts';
import type {Handlers, Session} from '../frame/session.ts';

const far = 1_000_000_000;

export const textHandlers = {
	'text/move.down': scroll(() => 1),
	'text/move.up': scroll(() => -1),
	'text/move.page-down': scroll(page),
	'text/move.page-up': scroll(session => -page(session)),
	'text/move.start': scroll(() => -far),
	'text/move.end': scroll(() => far),
	'text/move.left'(session) {
		moveSideways(session, -sideways);
	},
	'text/move.right'(session) {
		moveSideways(session, sideways);
	},
	'text/wrap'(session) {
		keepingTop(session, () => {
			session.store.dispatchNow({type: 'wrap'});
		});
	},
} satisfies Handlers;

/** Cells. */
const sideways = 20;

function moveSideways(session: Session, by: number): void {
	const layer = currentLayer(session);
	if (layer === undefined) {
		return;
	}

	const screen = createScreenInput(session, plainTheme);
	const {left} = wrappingOf(screen.state, layer);
	const to = Math.max(0, Math.min(left + by, Math.max(left, hiddenCells(screen, layerTexts(screen, layer)))));
	if (to !== left) {
		keepingTop(session, () => {
			session.store.dispatchNow({type: 'layer', to: {left: to}});
		});
	}
}

function currentLayer({store}: Session): Layer | undefined {
	return store.state.layers.at(-1);
}

function keepingTop(session: Session, change: () => void): void {
	const before = currentLayer(session);
	if (before === undefined || !('top' in before)) {
		return;
	}

	const line = layerRows(createScreenInput(session, plainTheme), before)[before.top];
	change();
	const row = line === undefined ? before.top : layerRows(createScreenInput(session, plainTheme), currentLayer(session)!).indexOf(line);
	scrollTo(session, row);
}

/** Keeps one line of the previous page, but a screen reader reads no line again. */
function page(session: Session): number {
	return Math.max(1, textPage(session) - (session.store.state.hasScreenReader ? 0 : 1));
}

export function textPage({store}: Session): number {
	return store.state.pageRows;
}

function scroll(by: (session: Session) => number): (session: Session) => void {
	return session => {
		const layer = currentLayer(session);
		if (layer && 'top' in layer) {
			scrollTo(session, layer.top + by(session));
		}
	};
}

/** Stops at the last page, so that one key up moves. */
export function scrollTo(session: Session, top: number): void {
	const {store} = session;
	const layer = store.state.layers.at(-1);
	if (layer && 'top' in layer) {
		const screen = createScreenInput(session, plainTheme);
		const last = Math.max(0, layerRows(screen, layer).length - textPage(session));
		store.dispatchNow({type: 'layer', to: {top: Math.max(0, Math.min(top, last))}});
	}
}

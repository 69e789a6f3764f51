/** Opens text screens, scrolls them and searches in them. */
import {createScreenInput} from '../frame/session-display.ts';
import type {Layer, TextLayer, TextLine} from '../frame/session-state.ts';
import type {Handlers, Session} from '../frame/session.ts';
import {describeMatchCount, describeWrap} from '../kit/highlight-matches.ts';
import type {ScreenInput} from '../kit/screen-input.ts';
import {hiddenCells, textRows} from '../kit/text-rows.ts';
import {nextFound, searchProblem, searchText, wrappingOf, type TextSearch} from './text-search.ts';
import {plainTheme} from '../kit/theme.ts';
import {whyRows, whyTexts} from '../why/why.tsx';
import {helpBody} from './help.tsx';
import {leftOfMatch, messageTexts, rowOfMatch} from './text-page.tsx';

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

function textPage({store}: Session): number {
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
function scrollTo(session: Session, top: number): void {
	const {store} = session;
	const layer = store.state.layers.at(-1);
	if (layer && 'top' in layer) {
		const screen = createScreenInput(session, plainTheme);
		const last = Math.max(0, layerRows(screen, layer).length - textPage(session));
		store.dispatchNow({type: 'layer', to: {top: Math.max(0, Math.min(top, last))}});
	}
}

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

/** For each row, the index of its line. */
export function layerRows(screen: ScreenInput, layer: Layer): readonly number[] {
	const look = wrappingOf(screen.state, layer);
	switch (layer.kind) {
		case 'why': {
			return whyRows(screen, layer, look).map(row => row.of);
		}

		case 'help': {
			return helpBody(screen, layer.keyContext).map((_, index) => index);
		}

		default: {
			return textRows(screen, layerTexts(screen, layer), look).map(row => row.of);
		}
	}
}

function layerTexts(screen: ScreenInput, layer: Layer): readonly TextLine[] {
	switch (layer.kind) {
		case 'why': {
			return whyTexts(screen, layer);
		}

		case 'text': {
			return layer.lines;
		}

		case 'messages': {
			return messageTexts(screen.state);
		}

		default: {
			return [];
		}
	}
}

export async function searchInText(session: Session): Promise<void> {
	const before = currentText(session);
	if (!before) {
		return;
	}

	const from = layerRows(screenOf(session), before)[before.top] ?? 0;
	const look = (text: string, regex: boolean) => {
		const layer = currentText(session);
		if (layer) {
			show(session, searchText(layer.lines, {text, regex}, from), before.top);
		}
	};

	const answer = await session.promptForText({
		lead: '/',
		purpose: 'search',
		accept: 'search',
		canUseRegex: true,
		note(text) {
			const search = currentText(session)?.search;
			return text === '' || !search
				? ''
				: (searchProblem(search) ?? describeMatchCount({at: null, of: search.found.length, more: false, hidden: 0}));
		},
		onChange: look,
		check: (text, regex) => (text === '' ? null : searchProblem({text, regex})),
	});
	if (answer === null && currentText(session)) {
		session.store.dispatchNow({type: 'layer', to: {search: before.search ?? null, top: before.top, left: before.left ?? 0}});
	}
}

export function goToTextMatch(session: Session, direction: 1 | -1): void {
	const layer = currentText(session);
	if (!layer?.search) {
		session.showMessage('no active search');
		return;
	}

	const at = nextFound(layer.search, direction);
	if (at === null) {
		session.showMessage('no match');
	} else {
		const before = layer.search.at;
		show(session, {...layer.search, at}, layer.top);
		if (before !== null && (direction > 0 ? at <= before : at >= before)) {
			session.showMessage(describeWrap(direction));
		}
	}
}

function show(session: Session, search: TextSearch | null, top: number): void {
	const layer = {...currentText(session)!, search};
	const look = wrappingOf(session.store.state, layer);
	const left = look.isCut ? leftOfMatch(screenOf(session), layer, look.left) : 0;
	session.store.dispatchNow({type: 'layer', to: {search, left}});
	if (search === null || search.at === null) {
		scrollTo(session, top);
		return;
	}

	const row = rowOfMatch(screenOf(session), layer, wrappingOf(session.store.state, {...layer, left}));
	const page = textPage(session);
	const isThere = row < 0 || (row >= top && row < top + page);
	scrollTo(session, isThere ? top : row - Math.floor(page / 3));
}

function screenOf(session: Session) {
	return createScreenInput(session, plainTheme);
}

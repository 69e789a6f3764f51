/** Opens pages of text, scrolls them and searches in them. */
import {createScreenInput} from '../frame/session-display.ts';
import type {TextLayer} from '../frame/session-state.ts';
import type {Handlers, Session} from '../frame/session.ts';
import {describeMatchCount, describeWrap} from '../kit/highlight-matches.ts';
import type {ScreenInput} from '../kit/screen-input.ts';
import {hiddenCells, nextFound, searchProblem, searchText, wrappingOf, type TextSearch} from '../kit/text-rows.ts';
import {plainTheme} from '../kit/theme.ts';
import {leftOfMatch, pageOf, pageRows, rowOfMatch, type PageLayer} from './pager.tsx';

const far = 1_000_000_000;

/** Cells. */
const sideways = 20;

export const textHandlers = {
	'text/move.down': scroll(() => 1),
	'text/move.up': scroll(() => -1),
	'text/move.page-down': scroll(step),
	'text/move.page-up': scroll(session => -step(session)),
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

function moveSideways(session: Session, by: number): void {
	const layer = currentPage(session);
	if (layer === undefined) {
		return;
	}

	const screen = screenOf(session);
	const {left} = wrappingOf(screen.state, layer);
	const to = Math.max(0, Math.min(left + by, Math.max(left, hiddenCells(screen, pageOf(screen, layer).texts))));
	if (to !== left) {
		keepingTop(session, () => {
			session.store.dispatchNow({type: 'layer', to: {left: to}});
		});
	}
}

function currentPage({store}: Pick<Session, 'store'>): PageLayer | undefined {
	const layer = store.state.layers.at(-1);
	return layer?.kind === 'tail' ? undefined : layer;
}

function keepingTop(session: Session, change: () => void): void {
	const before = currentPage(session);
	if (before === undefined) {
		return;
	}

	const line = shownRows(session)[before.top];
	change();
	scrollTo(session, line === undefined ? before.top : shownRows(session).indexOf(line));
}

/** For each row of the page on top, the index of its line. */
export function shownRows(session: Session): readonly number[] {
	const layer = currentPage(session);
	return layer === undefined ? [] : pageRows(screenOf(session), layer).map(row => row.of);
}

/** Keeps one line of the previous page, but a screen reader reads no line again. */
function step({store: {state}}: Session): number {
	return Math.max(1, state.pageRows - (state.hasScreenReader ? 0 : 1));
}

function scroll(by: (session: Session) => number): (session: Session) => void {
	return session => {
		scrollTo(session, (currentPage(session)?.top ?? 0) + by(session));
	};
}

/** Stops at the last page, so that one key up moves. */
function scrollTo(session: Session, top: number): void {
	const {store} = session;
	if (currentPage(session) !== undefined) {
		const last = Math.max(0, shownRows(session).length - store.state.pageRows);
		store.dispatchNow({type: 'layer', to: {top: Math.max(0, Math.min(top, last))}});
	}
}

type OpenedText = Pick<TextLayer, 'title' | 'subject' | 'lines'> & Partial<TextLayer>;

export function openText({store}: Pick<Session, 'store'>, text: OpenedText): void {
	store.dispatchNow({
		type: 'push',
		layer: {kind: 'text', status: '', top: 0, keyContext: 'details', copy: '', command: null, busy: false, ...text},
	});
}

/** Opens a busy text. Returns what fills it later, wherever it is then. */
export function openBusyText(
	session: Pick<Session, 'store' | 'nextId'>,
	text: OpenedText,
	id = session.nextId('text'),
): (to: Partial<TextLayer>) => void {
	openText(session, {...text, id, busy: true});
	return to => {
		session.store.dispatchNow({type: 'fill-text', id, to: {busy: false, ...to}});
	};
}

/** The text on top. */
export function currentText(session: Pick<Session, 'store'>): TextLayer | null {
	const layer = currentPage(session);
	return layer?.kind === 'text' ? layer : null;
}

/** An action on the text on top. */
export function onText(act: (session: Session, layer: TextLayer) => void | Promise<void>): (session: Session) => void | Promise<void> {
	return session => {
		const layer = currentText(session);
		return layer === null ? undefined : act(session, layer);
	};
}

export async function searchInText(session: Session): Promise<void> {
	const before = currentText(session);
	if (!before) {
		return;
	}

	const from = shownRows(session)[before.top] ?? 0;
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
		onChange(text, regex) {
			const layer = currentText(session);
			if (layer) {
				show(session, searchText(layer.lines, {text, regex}, from), before.top);
			}
		},
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
	const page = session.store.state.pageRows;
	const isThere = row < 0 || (row >= top && row < top + page);
	scrollTo(session, isThere ? top : row - Math.floor(page / 3));
}

function screenOf(session: Session): ScreenInput {
	return createScreenInput(session, plainTheme);
}

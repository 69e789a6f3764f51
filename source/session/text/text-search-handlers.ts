/** Search in a text screen. */
import {nextFound, searchProblem, searchText, type TextSearch} from './text-search.ts';
import {wrappingOf} from '../kit/text-wrapping.ts';
import {describeMatchCount, describeWrap} from '../kit/highlight-matches.ts';
import {layerRows} from './layer-rows.ts';
import {leftOfMatch, rowOfMatch} from './text-page.tsx';
import {plainTheme} from '../kit/theme.ts';
import {createScreenInput} from '../frame/session-display.ts';
import type {Session} from '../frame/session.ts';
import {currentText} from './open-text.ts';
import {scrollTo, textPage} from './text-handlers.ts';

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

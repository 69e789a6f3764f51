/** What the footer does not say, for half a minute of the first session. */
import type {ReactNode} from 'react';
import type {ActionId} from '../../actions/action-table.ts';
import {selectedRow} from '../lists/list-state.ts';
import type {ListName} from '../lists/list-kinds.ts';
import {useScreen, useScreenWith, type ScreenWith} from '../kit/screen-input.ts';
import {clickable, lineWidth, styled, type Span} from '../kit/styled-line.ts';
import {Row} from '../kit/styled-text.tsx';
import {hasPaneTitles} from './layout.ts';
import {currentList} from './session-state.ts';

/** A row of its own below the list. */
export function FirstHints(): ReactNode {
	const isShown = useScreen(({state}) => state.firstHints !== null && hasPaneTitles(state));
	return isShown && <Hints />;
}

function Hints(): ReactNode {
	const screen = useScreenWith('firstHints', 'size', 'view', 'lists');
	return <Row spans={[{text: ' '}, ...hintsWithin(screen, screen.state.size.columns - 2)]} />;
}

const opened: Readonly<Record<ListName, string>> = {
	pods: 'containers',
	workloads: 'pods',
	services: 'pods',
	nodes: 'pods',
	events: 'object',
};

/** As many as fit. The keys are those of the selected row. */
function hintsWithin(screen: ScreenWith<'firstHints' | 'view' | 'lists'>, width: number): Span[] {
	const {
		state,
		theme: {glyphs},
	} = screen;
	const list = currentList(state);
	const row = list && selectedRow(list);
	const hints = [
		...(row ? [keyHint(screen, 'open', opened[list.name]), keyHint(screen, 'list.details', 'details')] : []),
		...(list?.problemsOnly === false ? [keyHint(screen, 'list.problems', 'problems only')] : []),
		[styled('text.dim', 'no key deletes an object')],
		...(state.firstHints?.isDefaultKeymap ? [[styled('text.dim', 'keys of k9s: --keymap k9s')]] : []),
	].filter(spans => spans.length > 0);
	let shown: Span[] = [];
	for (const [index, spans] of hints.entries()) {
		const next = [...shown, ...(index === 0 ? [] : [styled('text.dim', ` ${glyphs.dot} `)]), ...spans];
		if (lineWidth(next) > width) {
			break;
		}

		shown = next;
	}

	return shown;
}

/** Empty without a key, or if the action is disabled. */
function keyHint({hints, viewHints = hints}: ScreenWith<never>, action: ActionId, label: string): Span[] {
	const hint = viewHints.find(one => one.action.id === action && one.disabledReason === null);
	const key = hint?.keys[0];
	return key === undefined ? [] : clickable(action, [styled('key', key), styled('text.dim', ` ${label}`)]);
}

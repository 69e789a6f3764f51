/** The last row of the screen, and a row above it with what it does not say, for half a minute of the first session. */
import type {ReactNode} from 'react';
import type {ActionId} from '../../actions/action-table.ts';
import {footerHints, type KeyHint} from '../../keymap/describe-keys.ts';
import {formatKeys} from '../../keymap/keymap.ts';
import {cellWidth} from '../../text/cell-width.ts';
import {Prompt} from '../dialogs/prompt.tsx';
import {firstKey, useScreen, useScreenWith, type ScreenWith} from '../kit/screen-input.ts';
import {clickable, line, lineWidth, spread, styled, type Line, type Span} from '../kit/styled-line.ts';
import {Row} from '../kit/styled-text.tsx';
import type {ListName} from '../lists/list-kinds.ts';
import {selectedRow} from '../lists/list-state.ts';
import {hasPaneTitles} from './layout.ts';
import {currentList, isAwaitingApiserver, type Message} from './session-state.ts';

const opened: Readonly<Record<ListName, string>> = {
	pods: 'containers',
	workloads: 'pods',
	services: 'pods',
	nodes: 'pods',
	events: 'object',
};

/** The last row: keys or a message, or the open prompt. */
export function Footer(): ReactNode {
	const screen = useScreenWith('size', 'zoom', 'dialog', 'layers', 'pending', 'notice', 'hasScreenReader');
	const isUnreachable = useScreen(({state}) => isAwaitingApiserver(state));
	const {dialog} = screen.state;
	return dialog?.kind === 'prompt' ? <Prompt prompt={dialog} /> : <Row {...footerLine(screen, isUnreachable)} />;
}

type FooterScreen = ScreenWith<'size' | 'zoom' | 'dialog' | 'layers' | 'pending' | 'notice' | 'hasScreenReader'>;

/** Never drops the hints of commands and help, nor while zoomed the one that ends the zoom. */
function footerLine(screen: FooterScreen, isUnreachable: boolean): Line {
	const {state, hints} = screen;
	const width = state.size.columns - 1;
	if (state.pending.length > 0) {
		return pendingFooter(screen, formatKeys(state.pending));
	}

	// A form shows its keys in its frame. A screen reader has read the notice.
	if (!state.hasScreenReader && state.notice !== null && (state.dialog === null || state.dialog.kind === 'form')) {
		return noticeFooter(screen, state.notice);
	}

	const submit = state.dialog?.kind === 'form' ? state.dialog.submit : null;
	const top = state.layers.at(-1)?.kind;
	if (top === 'help') {
		return helpFooter(screen);
	}

	const isText = top !== undefined && top !== 'tail';
	const here = hints.filter(({action: {id, context}}) => isText || id !== 'view.back' || context !== 'global');
	const all = footerHints(state.zoom && top === undefined ? here.map(hint => endZoomHint(hint)) : here).map(hint =>
		hint.id === 'accept' && submit !== null ? {...hint, label: submit} : hint,
	);
	const last = all.filter(({id}) => id === 'view.zoom' || id === 'palette.open' || id === 'help.open');
	const remaining = width - widthOf(last) + 2;
	const shown: Array<(typeof all)[number]> = [];
	for (const hint of state.hasScreenReader ? [] : all) {
		// Another namespace does not help while the apiserver does not respond.
		const isUseless = hint.id === 'namespace.pick' && isUnreachable;
		if (!last.includes(hint) && !isUseless && widthOf([...shown, hint]) <= remaining) {
			shown.push(hint);
		}
	}

	return line(
		' ',
		...[...shown, ...last].flatMap(({key, label, id, isDisabled: off}, index): Span[] => [
			{text: index === 0 ? '' : state.hasScreenReader ? ', ' : '  '},
			...clickable(id, [styled(off ? 'text.dim' : 'key', shownKey(key)), off ? styled('text.dim', ` ${label}`) : {text: ` ${label}`}]),
		]),
	);
}

/** The key that zooms is in the footer only while it ends the zoom. */
function endZoomHint(hint: KeyHint): KeyHint {
	return hint.action.id === 'view.zoom' ? {...hint, action: {...hint.action, ...hint.action.undo}} : hint;
}

function pendingFooter({hints, theme: {glyphs}}: ScreenWith<never>, pending: string): Line {
	const next = hints.flatMap(({keys, action}) =>
		keys.flatMap(key =>
			key.startsWith(`${pending} `)
				? clickable(action.id, [styled('key', key.slice(pending.length + 1)), {text: ` ${action.label}  `}])
				: [],
		),
	);
	return line(' ', styled('key', pending), styled('text.dim', ` ${glyphs.more}  `), ...next);
}

const noticeRole = {error: 'notice.error', warn: 'notice.warn', plain: undefined} as const;

/** The messages show a notice that is cut here. */
function noticeFooter(screen: ScreenWith<'size'>, {text, role, hint}: Message): Line {
	const {columns} = screen.state.size;
	const messages = hint === '' && cellWidth(text) > columns - 1 ? firstKey(screen, 'messages.open') : null;
	const shownHint = messages === null ? hint : `${messages} full text`;
	return spread(
		[{text: ' '}, styled(noticeRole[role], text)],
		shownHint === ''
			? []
			: [
					{text: '  '},
					...(messages === null ? [styled('key', shownHint)] : clickable('messages.open', [styled('key', shownHint)])),
					{text: ' '},
				],
		columns,
	);
}

function helpFooter({hints}: ScreenWith<never>): Line {
	const turns = hints.flatMap(({action, keys}) =>
		action.id === 'move.down' || action.id === 'move.page-down'
			? clickable(action.id, [styled('key', keys[0] ?? ''), {text: ` ${action.title}  `}])
			: [],
	);
	return line(' ', ...turns, {text: 'any other key closes', action: 'view.back'});
}

/** Quoted if it reads as punctuation between hints. */
function shownKey(key: string): string {
	return /^[,.;|]$/.test(key) ? `"${key}"` : key;
}

function widthOf(hints: ReadonlyArray<{key: string; label: string}>): number {
	return hints.reduce((sum, {key, label}) => sum + cellWidth(shownKey(key)) + cellWidth(label) + 3, 0);
}

/** A row of its own below the list. */
export function FirstHints(): ReactNode {
	const isShown = useScreen(({state}) => state.firstHints !== null && hasPaneTitles(state));
	return isShown && <Hints />;
}

function Hints(): ReactNode {
	const screen = useScreenWith('firstHints', 'size', 'view', 'lists');
	return <Row spans={[{text: ' '}, ...hintsWithin(screen, screen.state.size.columns - 2)]} />;
}

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

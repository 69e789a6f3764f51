/** The last row of the screen. */
import type {ReactNode} from 'react';
import {footerHints, type KeyHint} from '../../keymap/describe-keys.ts';
import {cellWidth} from '../../text/cell-width.ts';
import {Prompt} from '../dialogs/prompt.tsx';
import {firstKey, useScreen, useScreenWith, type ScreenWith} from '../kit/screen-input.ts';
import {clickable, line, spread, styled, type Line, type Span} from '../kit/styled-line.ts';
import {Row} from '../kit/styled-text.tsx';
import {isAwaitingApiserver, type Message} from './session-state.ts';

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
	if (state.pending !== null) {
		return pendingFooter(screen, state.pending);
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

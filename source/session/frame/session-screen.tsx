/** The tree of components: a header, a view or the layer over it, and the footer with the row above it that explains first keys. */
import {Box} from 'ink';
import {memo, type ReactNode} from 'react';
import {AuditView} from '../audit/audit.tsx';
import {Dialog} from '../dialogs/dialog.tsx';
import {Forwards} from '../forwards/forwards.tsx';
import {ScreenContext, useScreen, type ScreenHost, firstKey, useScreenWith, type ScreenWith} from '../kit/screen-input.ts';
import {List, Preview} from '../lists/list-pane.tsx';
import {Proxy} from '../proxy/proxy.tsx';
import {Sandbox} from '../sandbox/sandbox.tsx';
import {Tail} from '../tail/tail.tsx';
import {Pager} from '../text/pager.tsx';
import {Connections} from './connections-pane.tsx';
import {Header, Tabs} from './header.tsx';
import {PathPane} from './path-pane.tsx';
import {shownTail, type ViewName, currentList, isAwaitingApiserver, type Message} from './session-state.ts';
import type {ActionId} from '../actions/action-table.ts';
import {footerHints, type KeyHint, formatKeys} from '../keymap/keymap.ts';
import {cellWidth} from '../../base/text/cell-width.ts';
import {Prompt} from '../dialogs/prompt.tsx';
import {clickable, line, lineWidth, spread, styled, type Line, type Span} from '../kit/styled-line.ts';
import {Row} from '../kit/styled-text.tsx';
import {isListName, type ListName} from '../lists/list-kinds.ts';
import {selectedRow} from '../lists/list-state.ts';
import {hasPaneTitles} from './layout.ts';

const opened: Readonly<Record<ListName, string>> = {
	pods: 'containers',
	workloads: 'pods',
	services: 'pods',
	nodes: 'pods',
	events: 'object',
};

type FooterScreen = ScreenWith<'size' | 'zoom' | 'dialog' | 'layers' | 'pending' | 'notice' | 'hasScreenReader'>;

const noticeRole = {error: 'notice.error', warn: 'notice.warn', plain: undefined} as const;

export function SessionScreen(host: ScreenHost): ReactNode {
	return (
		<ScreenContext value={host}>
			<Screen />
		</ScreenContext>
	);
}

const Screen = memo((): ReactNode => {
	const {columns, rows} = useScreen(({state}) => state.size);
	const hasLayer = useScreen(({state}) => state.layers.length > 0);
	const hasDialog = useScreen(({state}) => state.dialog !== null && state.dialog.kind !== 'prompt');
	const isRead = useScreen(({state}) => !(state.hasScreenReader && hasDialog));
	return (
		<Box flexDirection="column" width={columns} height={rows} overflow="hidden">
			<Header />
			{isRead && (hasLayer ? <Layer /> : <View />)}
			{isRead && (
				<Box flexDirection="column" flexShrink={0}>
					<Footer />
				</Box>
			)}
			<Dialog />
		</Box>
	);
});

/** A screen reader reads the pane that has the keys. */
function View(): ReactNode {
	const view = useScreen(({state}) => state.view);
	const pane = useScreen(({state}) => state.pane);
	const hasScreenReader = useScreen(({state}) => state.hasScreenReader);
	return (
		<>
			<Tabs />
			{(!hasScreenReader || pane === 'main') && (
				// On a low screen, the view is cut, and never the tabs or the footer.
				<Box flexDirection="column" flexGrow={1} flexBasis={0} overflow="hidden">
					<ViewBody view={view} />
					<PathPane />
				</Box>
			)}
			{(!hasScreenReader || pane === 'connections') && <Connections />}
		</>
	);
}

const bodies: Readonly<Record<Exclude<ViewName, ListName>, () => ReactNode>> = {
	forwards: Forwards,
	proxy: Proxy,
	audit: AuditView,
	sandbox: Sandbox,
};

function ViewBody({view}: {readonly view: ViewName}): ReactNode {
	if (!isListName(view)) {
		const Body = bodies[view];
		return <Body />;
	}

	return (
		<>
			<List name={view} />
			<Preview />
			<FirstHints />
		</>
	);
}

function Layer(): ReactNode {
	const layer = useScreen(({state}) => state.layers.at(-1));
	if (layer === undefined) {
		return null;
	}

	return layer.kind === 'tail' ? <TailLayer /> : <Pager layer={layer} />;
}

function TailLayer(): ReactNode {
	const view = useScreen(({state}) => shownTail(state));
	return view && <Tail view={view} />;
}

/** The last row: keys or a message, or the open prompt. */
function Footer(): ReactNode {
	const screen = useScreenWith('size', 'zoom', 'dialog', 'layers', 'pending', 'notice', 'hasScreenReader');
	const isUnreachable = useScreen(({state}) => isAwaitingApiserver(state));
	const {dialog} = screen.state;
	return dialog?.kind === 'prompt' ? <Prompt prompt={dialog} /> : <Row {...footerLine(screen, isUnreachable)} />;
}

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
	const {state} = screen;
	const {glyphs} = screen.theme;
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

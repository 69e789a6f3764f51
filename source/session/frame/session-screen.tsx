/** The layout of the screen. */
import {Box} from 'ink';
import type {ReactNode} from 'react';
import type {Path} from '../../evidence/evidence.ts';
import {worstPath} from './connection-list.ts';
import {layout, type Layout} from './layout.ts';
import {selectedRow, type ListState} from '../lists/list-state.ts';
import {currentList, type SessionState} from './session-state.ts';
import {selectedExchange} from '../proxy/proxy-state.ts';
import type {Row} from '../lists/table-rows.ts';
import {auditScreen} from '../audit/audit-screen.ts';
import {footer, header, viewRule} from './chrome.ts';
import {titledRule} from '../kit/titled-rule.ts';
import {connectionsPane, listenerUsersText} from './connections-pane.ts';
import {forwardsScreen} from '../forwards/forwards-screen.ts';
import {helpScreen} from '../text/help-screen.ts';
import {describeListStatus, listPane} from '../lists/list-pane.ts';
import {messagesScreen} from './messages-screen.ts';
import {dialogBox, promptLine} from '../dialogs/dialog-box.ts';
import {Rows} from '../kit/rows.tsx';
import {pathTitle} from './path-verdicts.ts';
import {pathPane} from './path-pane.ts';
import {proxyScreen} from '../proxy/proxy-screen.ts';
import {sandboxScreen} from '../sandbox/sandbox-screen.ts';
import {firstKey, type RenderInput} from '../kit/render-input.ts';
import {padLines, line, styled, spread, type Line, type Span} from '../kit/styled-line.ts';
import {tailScreen} from '../tail/tail-screen.ts';
import {textLines} from '../kit/text-rows.ts';
import {textScreen} from '../text/text-screen.ts';
import {verticalPath} from './vertical-path.ts';
import {describeRoundTrips, pendingTimes} from './round-trips.ts';
import {whyScreen} from '../why/why-screen.ts';

export function SessionScreen({screen}: {readonly screen: RenderInput}): ReactNode {
	const {
		state: {size, overlay},
	} = screen;
	const floating = overlay === null ? null : dialogBox(screen, overlay);
	const last = overlay?.kind === 'prompt' ? promptLine(screen, overlay) : footer(screen);
	return (
		<Box flexDirection="column" width={size.columns} height={size.rows} overflow="hidden">
			<Rows height={1} draw={() => [header(screen)]} />
			<Rows draw={({rows}) => middle(screen, rows)} />
			<Rows height={1} draw={() => [last]} />
			{floating === null ? null : (
				<Box position="absolute" flexDirection="column" width={floating.width} marginLeft={floating.left} marginTop={floating.top}>
					<Rows height={floating.lines.length} draw={() => floating.lines} />
				</Box>
			)}
		</Box>
	);
}

function middle(screen: RenderInput, rows: number): Line[] {
	const {state, tail} = screen;
	const layer = state.layers.at(-1);
	switch (layer?.kind) {
		case 'tail': {
			return tail ? padLines(tailScreen(screen, tail, rows), rows) : padLines([], rows);
		}

		case 'why': {
			return whyScreen(screen, layer, rows);
		}

		case 'text': {
			return textScreen(screen, layer, rows);
		}

		case 'help': {
			return helpScreen(screen, layer, rows);
		}

		case 'messages': {
			return messagesScreen(screen, layer, rows);
		}

		default: {
			return view(screen, rows, layout(state));
		}
	}
}

function view(screen: RenderInput, rows: number, parts: Layout): Line[] {
	const {state} = screen;
	const {columns} = state.size;
	const list = currentList(state);
	const below = [...pathRows(screen, parts), ...connectionRows(screen, parts)];
	const mainRows = rows - 1 - below.length;
	const width = columns - parts.side;
	if (list === null) {
		return [viewRule(screen), ...viewWithoutList(screen, mainRows), ...below];
	}

	const body = [...listPane(screen, list.name, mainRows - 1 - parts.details, width), ...detailsRows(screen, list, parts.details, width)];
	const main =
		parts.side > 0 ? beside(screen, body, width, verticalPath(screen, selectedPath(screen), subject(screen), mainRows, parts.side)) : body;
	return [viewRule(screen, describeListStatus(screen, list, width)), ...main, ...below];
}

function viewWithoutList(screen: RenderInput, rows: number): Line[] {
	switch (screen.state.view) {
		case 'forwards': {
			return forwardsScreen(screen, rows);
		}

		case 'proxy': {
			return proxyScreen(screen, rows);
		}

		case 'audit': {
			return auditScreen(screen, rows);
		}

		default: {
			return sandboxScreen(screen, rows);
		}
	}
}

function detailsRows(screen: RenderInput, list: ListState, rows: number, width: number): Line[] {
	if (rows === 0) {
		return [];
	}

	const {
		state: {selectedDetails, size},
	} = screen;
	const row = selectedRow(list);
	if (row === null) {
		return padLines([], rows);
	}

	const narrow = {...screen, state: {...screen.state, size: {...size, columns: width}}};
	const key = firstKey(screen, 'list.open');
	const isLoaded = selectedDetails?.of === row.id;
	// The title line already shows the name.
	const lines = isLoaded
		? textLines(
				narrow,
				selectedDetails.lines.slice(1).filter(({rule}) => rule !== true),
			)
		: [line(' ', styled('text.dim', 'reading …'))];
	return padLines([titledRule(narrow, row.name, {right: key === null ? '' : `${key} more`}), ...lines], rows);
}

function beside(screen: RenderInput, left: readonly Line[], width: number, right: readonly Line[]): Line[] {
	return left.map((one, index): Line => {
		const filled = spread(one.spans, [], width);
		// The background of the selected row ends with the list.
		const spans = one.ground === undefined ? filled.spans : onGround(filled.spans, screen.theme.sgr[one.ground], screen);
		return {spans: [...spans, ...(right[index]?.spans ?? [])]};
	});
}

function onGround(spans: readonly Span[], ground: string, {theme: {sgr}}: RenderInput): Span[] {
	return spans.map(span => {
		const own = span.sgr ?? (span.role ? sgr[span.role] : '');
		return {...span, sgr: [ground, own].filter(code => code !== '').join(';')};
	});
}

function pathRows(screen: RenderInput, parts: Layout): Line[] {
	const {state} = screen;
	if (parts.path === 0) {
		return [];
	}

	const key = firstKey(screen, 'path.why');
	const path = selectedPath(screen);
	const pane = pathPane(screen, path, parts.path, state.size.columns);
	if (!parts.pathRule) {
		return pane;
	}

	const after = path === null || state.size.columns < 76 ? '' : describeRoundTrips(path, pendingTimes(state, path));
	return [titledRule(screen, pathTitle(path, subject(screen)), {after, right: key === null ? '' : `${key} why`}), ...pane];
}

/** The path of the selected item's open connection (the worst, if several); without one, the path read for the selected row. */
export function selectedPath({state}: Pick<RenderInput, 'state'>): Path | null {
	if (state.view === 'forwards') {
		const entry = state.connections.find(one => one.id === state.forwards[state.forwardCursor]?.id);
		return worstPath(entry?.paths.values() ?? []);
	}

	if (state.view === 'proxy') {
		return selectedExchange(state.proxy)?.path ?? null;
	}

	if (state.view === 'sandbox') {
		return state.selectedPath?.path ?? null;
	}

	return state.selectedPath !== null && state.selectedPath.of === rowOfSelection(state)?.id ? state.selectedPath.path : null;
}

function subject({state}: Pick<RenderInput, 'state'>): string {
	return rowOfSelection(state)?.name ?? '';
}

function rowOfSelection(state: SessionState): Row | null {
	const list = currentList(state);
	return list && selectedRow(list);
}

/** The leg whose route and TLS state the rows of the connections pane show. */
const legNote = '(leg 2 of each)';

function connectionRows(screen: RenderInput, parts: Layout): Line[] {
	if (parts.connections === 0) {
		return [];
	}

	const {
		state: {connections, pane},
	} = screen;
	const key = firstKey(screen, 'pane.next');
	const usersText = listenerUsersText(screen);
	const hint = connections.length > 0 && key !== null ? `${key} ${pane === 'connections' ? 'back to the view' : 'focus this pane'}` : '';
	const room = screen.state.size.columns - 24;
	const both = [usersText, hint].filter(part => part !== '').join(` ${screen.theme.glyphs.dot} `);
	const right = usersText !== '' && both.length > room ? usersText : both;
	const after = connections.length > 0 && right.length <= room - legNote.length - 1 ? legNote : '';
	return [
		titledRule(screen, `Connections ${connections.length}`, {focus: pane === 'connections', after, right, warn: usersText !== ''}),
		...connectionsPane(screen, parts.connections),
	];
}

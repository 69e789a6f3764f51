/** The list of a view, or the text of an empty one, and the details of the selected row below it. */
import {Box} from 'ink';
import type {ReactNode} from 'react';
import type {ActionId} from '../actions/action-table.ts';
import {describeUnreachable} from '../../report/descriptions/describe-error.ts';
import {cellWidth, truncateToCells, wrapToWidth} from '../../base/text/cell-width.ts';
import {hasContexts, isAwaitingApiserver, shownNamespace, type TextLine, currentList, type SessionState} from '../frame/session-state.ts';
import {formatNumber, formatQuantity, clockTime, formatAge} from '../../base/text/formats.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import {previewRows} from '../frame/layout.ts';
import {Rows, Rule} from '../kit/styled-text.tsx';
import {firstKey, useScreen, useScreenHost, useScreenWith, wholeScreen, type ScreenInput, type ScreenWith} from '../kit/screen-input.ts';
import {line, padLines, spokenLines, spread, styled, type Line, type Span} from '../kit/styled-line.ts';
import {textLines, textParts, textRows, type TextPart} from '../kit/text-rows.ts';
import {errorLines} from '../why/why.ts';
import {cellOf, chooseColumns, type ColumnLayout, fillCell, gap, headText, rangeOf, remainingWidth} from './list-columns.ts';
import {contextTitle, listKinds, type ListName} from './list-kinds.ts';
import {countPresent, selectedRow, type ListState} from './list-state.ts';
import {hasProblem} from './problems.ts';
import {parseRowFilter} from './row-filter.ts';
import type {Row} from './table-rows.ts';

export function List({name}: {readonly name: ListName}): ReactNode {
	const screen = useScreen(wholeScreen);
	const {onListRows} = useScreenHost();
	return (
		<Rows
			pane="view"
			draw={({columns, rows}) => listPane(screen, name, rows - 1, columns)}
			onSize={({rows}) => {
				// One row is the head.
				onListRows(Math.max(1, rows - 1));
			}}
			read={({columns, rows}) => spokenList(screen, name, rows, columns)}
		/>
	);
}

export function listPane(screen: ScreenInput, name: ListName, rows: number, width: number): Line[] {
	const list = screen.state.lists[name];
	if (isAwaitingApiserver(screen.state)) {
		return padLines(unreachablePane(screen, rows + 1, width), rows + 1);
	}

	const shown = list.visible.slice(list.top, list.top + rows);
	const columns = chooseColumns(screen.state, list, width);
	const lines =
		shown.length === 0
			? emptyListLines(screen, list, width)
			: shown.map((row, index) => ({
					...rowLine(screen, list, row, {isCursor: list.top + index === list.cursorIndex, columns, width}),
					item: list.top + index,
				}));
	const range = list.visible.length === 0 ? '' : rangeOf(list, rows);
	return padLines([headLine(headText(list, columns), range, width), ...lines], rows + 1);
}

function emptyListLines(screen: ScreenInput, list: ListState, width: number): Line[] {
	return describeEmptyList(screen, list)
		.flatMap(words => wrapToWidth(words, width - 2))
		.map(words => line(' ', styled('text.dim', words)));
}

/** `2 of 8: web-1, 1 of 1 ready, running, node n7`, or what an empty list says. Without ages, which would be read again and again. */
function spokenList(screen: ScreenInput, name: ListName, rows: number, width: number): string {
	const list = screen.state.lists[name];
	if (isAwaitingApiserver(screen.state)) {
		return spokenLines(unreachablePane(screen, rows, width));
	}

	const row = selectedRow(list);
	if (row === null) {
		return spokenLines(emptyListLines(screen, list, width));
	}

	const cells = listKinds[name].columns.flatMap((column, index) => {
		const cell = column.rank === 0 && column.ages !== true ? cellOf(screen.state, list, column, index)(row) : '';
		return cell === '' ? [] : [(cellReadings[column.title] ?? (value => `${column.title.toLowerCase()} ${value}`))(cell)];
	});
	const isElsewhere = listKinds[name].namespaced && typeof shownNamespace(screen.state, list) !== 'string';
	const words = [
		row.unread === undefined ? row.name : `${row.name} cannot be read: ${row.unread.message}`,
		...(hasContexts(screen.state, list) && row.unread === undefined ? [`context ${row.context}`] : []),
		...(isElsewhere && row.unread === undefined ? [`namespace ${row.namespace}`] : []),
		...cells,
		...(row.gone === null ? [] : ['gone']),
		...(list.marked.has(row.id) ? ['marked'] : []),
	].filter(word => word !== '');
	return `${list.cursorIndex + 1} of ${list.visible.length}: ${words.join(', ')}`;
}

const cellReadings: Readonly<Record<string, (cell: string) => string>> = {
	READY: cell => `${cell.replace('/', ' of ')} ready`,
	STATUS: cell => (/^[A-Z][a-z]+$/.test(cell) ? cell.toLowerCase() : cell),
	RESTARTS: cell => (cell === '0' ? '' : cell.replace(/^\d+/, count => formatQuantity(Number(count), 'restart'))),
};

function headLine(text: string, range: string, width: number): Line {
	const space = remainingWidth(text, range, width);
	return line(styled('text.dim', space > 0 ? `${text}${' '.repeat(space)}${range}` : text));
}

type RowLayout = {isCursor: boolean; columns: readonly ColumnLayout[]; width: number};

function rowLine(screen: ScreenInput, list: ListState, row: Row, {isCursor, columns, width}: RowLayout): Line {
	const {glyphs} = screen.theme;
	const hasFocus = screen.state.pane === 'main';
	const mark = list.marked.has(row.id) ? styled('mark', glyphs.marked) : {text: ' '};
	const cursor = isCursor ? styled('focus', hasFocus ? glyphs.cursor : glyphs.cursorElsewhere) : {text: ' '};
	const cells = row.unread === undefined ? rowCells(row, columns) : unreadCells(screen, row, columns, width);
	const spans = [mark, cursor, {text: ' '}, ...cells];
	return isCursor && hasFocus ? {...spread(spans, [], width), ground: 'selection'} : {spans};
}

function rowCells(row: Row, columns: readonly ColumnLayout[]): Span[] {
	return columns.flatMap((column, index): Span[] => [
		{text: index === 0 ? '' : ' '.repeat(gap)},
		styled(row.gone !== null ? 'gone' : column.role?.(row), fillCell(column.cell(row), column.width)),
	]);
}

/** The context, and why its rows cannot be read or are old. */
function unreadCells(screen: ScreenInput, row: Row, [first]: readonly ColumnLayout[], width: number): Span[] {
	const context = fillCell(row.name, first?.title === contextTitle ? first.width : cellWidth(row.name));
	const keys = [
		['retry', 'retry'],
		['why', 'why'],
	] as const;
	const textWidth = width - 3 - cellWidth(context) - gap - 1;
	const more = keys
		.flatMap(([action, label]) => {
			const key = firstKey(screen, action);
			return key === null ? [] : [`  ${key} ${label}`];
		})
		.join('');
	const text = truncateToCells(sanitizeLine(row.unread?.message ?? ''), Math.max(1, textWidth - cellWidth(more)));
	return [{text: context + ' '.repeat(gap)}, styled('state.failed', text), styled('text.dim', more)];
}

/** For a view other than a list. */
export function UnreachablePane(): ReactNode {
	const screen = useScreen(wholeScreen);
	return (
		<Rows
			pane="view"
			draw={({columns, rows}) => padLines(unreachablePane(screen, rows, columns), rows)}
			read={({columns, rows}) => spokenLines(unreachablePane(screen, rows, columns))}
		/>
	);
}

/** Shown while the apiserver does not respond. */
function unreachablePane(screen: ScreenInput, rows: number, width: number): Line[] {
	const parted = paneLines(screen, [line('')], width);
	return (parted.length <= rows ? parted : paneLines(screen, [], width)).slice(0, rows);
}

function paneLines(screen: ScreenInput, blank: readonly Line[], width: number): Line[] {
	const {state} = screen;
	const {glyphs} = screen.theme;
	const {cluster} = state;
	const narrow = {...screen, state: {...state, size: {...state.size, columns: width}}};
	const draw = (lines: readonly TextLine[]) =>
		textLines(
			narrow,
			lines.map(one => ({indent: 3, ...one})),
		);
	const [first, ...rest] = unreachableTextLines(state);
	return [
		...blank,
		...draw([first!]),
		...blank,
		{
			...line(
				'   you ',
				styled('state.failed', `${glyphs.strokes.proven.repeat(3)}${glyphs.broke}`),
				` ${sanitizeLine(cluster.server.replace(/^https?:\/\//, ''))}`,
			),
			label: '',
		},
		...blank,
		...draw(rest.filter(({role}) => role !== 'tried')),
		...blank,
		...rest.filter(({role}) => role === 'tried').map(({text}) => line('   ', styled('state.failed', glyphs.broke), ` ${text}`)),
		...blank,
		// Streams of other contexts, for example.
		...(state.connections.length === 0
			? []
			: draw([{text: 'Open streams stay open: forwards keep their local port, tails wait and resume.', role: 'text.dim'}])),
	];
}

function describeEmptyList(screen: ScreenInput, list: ListState): string[] {
	const {phase} = list;
	if (phase.kind === 'failed') {
		return failureText(screen, list, phase);
	}

	return [phase.kind === 'idle' || phase.kind === 'reading' ? 'reading …' : emptyText(screen, list)];
}

function failureText(screen: ScreenInput, list: ListState, {error, retryAt}: Extract<ListState['phase'], {kind: 'failed'}>): string[] {
	const {name, scope} = list;
	const {namespace} = screen.state.cluster;
	const {all, pick, why, back} = wayOut(screen);
	if (error.code === 'ERR_FORBIDDEN') {
		return [
			`You are not allowed to list ${name} in ${describeNamespace(screen, list)} (403).  ${why}`,
			...(scope !== null ? [back] : listKinds[name].namespaced ? [namespace === null ? `${all}   ${pick}` : pick] : []),
			...(name === 'pods' ? [':tail pod/NAME and :shell pod/NAME work if you have the permissions for that pod'] : []),
		];
	}

	const again = retryAt === null ? '' : ` Retrying${describeNextRetry(screen.state, retryAt)}.`;
	return [
		`${error.message}.${again}  ${why}`,
		...errorLines(error, ['where', 'message']).map(({label = '', text}) => `${label.trim().padEnd(7)}${text}`),
	];
}

function emptyText(screen: ScreenInput, list: ListState): string {
	const {name, total, selector, filter} = list;
	const {all, pick, clears, back, hide} = wayOut(screen);
	const {namespaced} = listKinds[name];
	const where = list.scope === null ? `in ${describeNamespace(screen, list)}` : `of ${list.scope.of}`;
	if (list.scope?.from === 'events' && total === 0 && selector === '') {
		return `There is no ${list.scope.of} ${namespaced ? `in namespace ${list.scope.namespace}` : 'in this cluster'} now.  ${back}`;
	}

	const otherPlaces = list.scope === null ? (namespaced ? `${pick}   ${all}` : '') : back;
	if (list.problemsOnly && filter === '' && total > 0) {
		return `No problems among the ${name} ${where}${unknownProblems(list)}.  ${hide}`;
	}

	if (total > 0) {
		const isPart = namespaced && list.scope === null && screen.state.cluster.namespace !== null;
		const [and, orAll] = list.problemsOnly ? [' and have problems', `   ${hide}`] : ['', ''];
		return `None of ${formatNumber(total)} ${name} match "${filter}"${and}.  ${clears}${orAll}${isPart ? `   ${all}` : ''}`;
	}

	if (selector !== '') {
		return `No ${name} ${where} match -l ${selector}.  ${clears}${namespaced && list.scope === null ? `   ${all}` : ''}`;
	}

	const {missingNamespace} = screen.state.cluster;
	if (otherPlaces !== '' && missingNamespace !== null && missingNamespace.name === shownNamespace(screen.state, list)) {
		return `Namespace ${missingNamespace.name} did not exist at ${clockTime(missingNamespace.at)}.  ${otherPlaces}`;
	}

	return `No ${name} ${where}.${otherPlaces === '' ? '' : `  ${otherPlaces}`}`;
}

/** What the table of the apiserver does not show was perhaps not read, or not of each cluster. */
function unknownProblems({name, knownProblems, phases}: ListState): string {
	const contexts = phases.size === 0 ? [''] : [...phases.keys()];
	const unread = contexts.filter(context => !knownProblems.has(context));
	const {what, verb} = name === 'services' ? {what: 'endpoints', verb: 'were'} : {what: 'pressure', verb: 'was'};
	return unread.length === 0 || (name !== 'services' && name !== 'nodes')
		? ''
		: ` (${what}${unread.length === contexts.length ? '' : ` of ${unread.join(', ')}`} ${verb} not read)`;
}

function describeNamespace({state}: ScreenInput, list: ListState): string {
	const place = hasContexts(state, list) ? `these ${state.others.length + 1} clusters` : 'this cluster';
	return listKinds[list.name].namespaced ? (shownNamespace(state, list) ?? 'any namespace') : place;
}

function wayOut(screen: ScreenInput): Record<'pick' | 'all' | 'why' | 'hide' | 'back' | 'clears', string> {
	const {namespace, lastNamespace} = screen.state.cluster;
	const way = (action: ActionId, command: string, words: string) => `${firstKey(screen, action) ?? command} ${words}`;
	return {
		pick: way('namespace.pick', ':ns', 'another namespace'),
		all: way('namespace.all', ':ns', namespace === null ? `back to ${lastNamespace}` : 'all namespaces'),
		why: way('why', ':why', 'why'),
		hide: way('list.problems', ':pods', 'all rows'),
		back: way('view.back', ':pods', 'back'),
		clears: way('view.back', ':filter', 'clear filter'),
	};
}

export function describeListStatus({state}: ScreenInput, list: ListState): string {
	// Not one of the tabs.
	const parts = list.name === 'events' ? [`events: ${formatNumber(list.total)}`] : [];
	if (list.scope !== null) {
		const {namespace, of, from} = list.scope;
		parts.push(
			`${from === 'events' ? '' : `${list.name} of `}${of}${namespace === null || namespace === state.cluster.namespace ? '' : ` in ${namespace}`}`,
		);
	}

	if (list.problemsOnly) {
		parts.push(`problems only: ${formatNumber(countPresent(list.visible))} of ${formatNumber(list.total)}${unknownProblems(list)}`);
	} else {
		const problems = list.visible.slice(0, list.leading.size + list.phases.size).filter(row => hasProblem(row, list.knownProblems)).length;
		parts.push(...(problems === 0 ? [] : [`${formatQuantity(problems, 'problem')} first`]));
	}

	if (list.filter !== '') {
		const filter = parseRowFilter(list.filter);
		const isOnlyTyped = filter.kind === 'labels' && filter.selector !== list.selector;
		parts.push(
			list.filterProblem === null
				? `filter: ${list.filter}${isOnlyTyped ? '' : ` · ${formatNumber(countPresent(list.visible))} of ${formatNumber(list.total)}`}`
				: list.filterProblem,
		);
	}

	if (list.phase.kind === 'polling') {
		parts.push(`watch refused, refreshed every ${list.phase.everyMs / 1000} s`);
	} else if (list.phase.kind === 'interrupted') {
		// A screen reader would read each new age.
		const time = state.hasScreenReader ? `at ${clockTime(list.phase.since)}` : `${formatAge(state.now - list.phase.since)} ago`;
		parts.push(`last read ${time} · retrying${describeNextRetry(state, list.phase.retryAt)}`);
	} else if (list.phase.kind === 'failed' && list.visible.length > 0) {
		parts.push(list.phase.error.message);
	}

	return parts.join(' · ');
}

/** The details of the selected row, below its list. */
export function Preview(): ReactNode {
	const screen = useScreenWith(...textParts, 'selectedDetails', 'lists', 'view', 'zoom');
	const {state} = screen;
	const list = currentList(state);
	const rows = previewRows(state, list);
	const row = list && selectedRow(list);
	if (rows === 0 || row === null) {
		return null;
	}

	const key = firstKey(screen, 'list.details');
	return (
		<Box flexDirection="column" flexShrink={0} height={rows}>
			<Rule title={row.name} right={key === null ? '' : `${key} more`} />
			<Rows draw={() => previewLines(screen, row, rows - 1)} />
		</Box>
	);
}

/** Each line in one row; those that are left out of a long preview are counted, except for events. */
function previewLines(screen: ScreenWith<TextPart | 'selectedDetails'>, row: Row, rows: number): readonly Line[] {
	const {selectedDetails, now} = screen.state;
	if (row.unread !== undefined) {
		return textLines(screen, errorLines(row.unread, ['where']));
	}

	if (row.gone !== null) {
		return [line(' ', styled('text.dim', `deleted ${formatAge(now - row.gone)} ago`))];
	}

	if (selectedDetails?.of !== row.id) {
		return [line(' ', styled('text.dim', 'reading …'))];
	}

	const loud = selectedDetails.lines.filter(({rule, quiet}) => rule !== true && quiet !== true);
	const draw = (lines: readonly TextLine[]) =>
		textRows(
			screen,
			lines.map(({label, ...one}) => ({...one, ...(label !== undefined && {label: label.trimEnd()})})),
			{isCut: true, left: 0},
		).map(one => one.line);
	// Events take the rows that are left, the newest first.
	const [lines, events] = [draw(loud.filter(({since}) => since === undefined)), draw(loud.filter(({since}) => since !== undefined))];
	const hidden = lines.length - rows;
	return hidden <= 0 || rows < 3
		? [...lines, ...events].slice(0, rows)
		: [...lines.slice(0, rows - 1), line(' ', styled('text.dim', `${hidden + 1} more lines`))];
}

/** Attempts have the role `tried`. */
export function unreachableTextLines(
	state: Pick<SessionState, 'cluster' | 'now' | 'isReducedMotion' | 'hasScreenReader'>,
): readonly TextLine[] {
	const {retryAt, attempts, ...cluster} = state.cluster;
	// A screen reader would read each new number.
	const attempt = state.hasScreenReader ? '' : ` (attempt ${attempts.count + 1})`;
	const next = retryAt === null ? '' : `Retrying${describeNextRetry(state, retryAt)}${attempt}.`;
	return describeUnreachable({...cluster, next, attempts: attempts.last}).map(({role, text}): TextLine => ({
		text: sanitizeLine(text),
		...(role === 'attempt' && {role: 'tried'}),
		...(role === 'fix' && {role: 'focus'}),
		...(role !== 'statement' && role !== 'attempt' && {label: role}),
	}));
}

/** ` in 4 s`, ` now`, or after a second ` since 14:03:07`; no countdown under reduced motion. */
export function describeNextRetry({now, isReducedMotion}: Pick<SessionState, 'now' | 'isReducedMotion'>, at: number): string {
	const waitMs = at - now;
	if (waitMs > 0) {
		return isReducedMotion ? '' : ` in ${Math.ceil(waitMs / 1000)} s`;
	}

	return waitMs > -1000 ? ' now' : ` since ${clockTime(at)}`;
}

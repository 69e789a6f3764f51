/** A list: head, the window of rows, or the words that stand where rows would be. */
import {isAscending} from '../state/sort-rows.ts';
import {cellWidth} from '../text/cell-width.ts';
import {ageTitle, listKinds, servicePodsTitle, type ListColumn, type ListName} from '../state/list-kinds.ts';
import type {ListState} from '../state/list-state.ts';
import {isWithoutAnswer} from '../state/session-state.ts';
import {parseRowFilter} from '../state/row-filter.ts';
import {servicePodsCell} from '../state/service-pods.ts';
import {inSeconds} from '../state/in-seconds.ts';
import {cellNow, type Row} from '../state/table-rows.ts';
import {showAge} from '../text/show-age.ts';
import {grouped} from '../text/grouped.ts';
import {wrapWords} from './chrome.ts';
import {firstKey, type Screen} from './screen.ts';
import {line, of, type Line, type Span} from './styled-line.ts';
import type {Role} from './theme.ts';
import {unreachablePane} from './unreachable-pane.ts';

const gap = 2;
/** On a narrow screen a status tells more than the middle of a name. */
const narrowName = 13;
const tightNamespace = 14;
/** Blank at the right of a row. */
const edge = 1;

/** Head and `rows` lines of the list, `width` cells wide. */
export function listPane(screen: Screen, name: ListName, rows: number, width: number): Line[] {
	const list = screen.state.lists[name];
	if (isWithoutAnswer(screen.state)) {
		const lines = unreachablePane(screen, rows + 1, width);
		return [...lines, ...Array.from({length: rows + 1 - lines.length}, () => line(''))];
	}

	const shown = list.visible.slice(list.top, list.top + rows);
	const columns = chooseColumns(screen, list, shown, width);
	const lines = shown.length === 0
		? emptyWords(screen, list).flatMap(words => wrapWords(words, width - 2)).map(words => line(' ', of('text.dim', words)))
		: shown.map((row, index) => rowLine(screen, list, row, list.top + index === list.cursorIndex, columns));
	const range = list.visible.length === 0 ? '' : rangeOf(list, rows);
	return [headLine(headText(list, columns), range, width), ...lines, ...Array.from({length: Math.max(0, rows - lines.length)}, () => line(''))].slice(0, rows + 1);
}

type Placed = {title: string; width: number; cell(row: Row): string; role?(row: Row): Role | undefined};

function chooseColumns(screen: Screen, list: ListState, shown: readonly Row[], width: number): Placed[] {
	const kind = listKinds[list.name];
	const {now, cluster, servicePods} = screen.state;
	const isOld = list.phase.kind === 'interrupted';
	const isNarrow = width < 60;
	const sample = list.visible.length <= 300 ? list.visible : [...list.visible.slice(0, 100), ...shown];
	const measure = (title: string, cell: (row: Row) => string, most = 40): number => Math.min(most, Math.max(cellWidth(title), ...sample.map(row => cellWidth(cell(row)))));
	const age = (row: Row) => row.gone !== null ? `gone ${Math.floor((now - row.gone) / 1000)}s` : row.created === null ? '' : showAge(now - row.created);
	let fixed: readonly Placed[] = [];
	if (kind.namespaced && cluster.namespace === null) {
		fixed = [{title: 'NAMESPACE', width: measure('NAMESPACE', row => row.namespace, 20), cell: row => row.namespace}];
	}

	const wanted = kind.columns.map((column, index) => ({column, index})).filter(({column}) => column.title !== servicePodsTitle || cluster.namespace !== null)
		.filter(({column}) => column.rank === 0 || (column.rank === 1 && width >= 100) || list.wide);
	const asColumn = ({column, index}: {column: ListColumn; index: number}, isTight: boolean): Placed => {
		const title = isTight ? column.short ?? column.title : column.title;
		// `13 (2m ago)`: when it was last is told with more columns.
		const cell = (row: Row) => column.title === servicePodsTitle
			? servicePodsCell(servicePods, row.namespace, row.name)
			: list.wide || column.numeric !== true
				? cellNow(row, index, now)
				: (row.cells[index] ?? '').replace(/ \(.*$/, '');
		return {title, width: measure(list.order.column === column.title ? `${title}↓` : title, cell, isNarrow ? 11 : isTight ? column.tight ?? 40 : 40), cell, role: row => isOld ? 'text.dim' : cellRole(column.title, cell(row))};
	};

	let columns = wanted.map(one => asColumn(one, false));
	const ages: Placed = {title: ageTitle, width: Math.max(4, measure(ageTitle, age)), cell: age};
	const nameWidth = measure('NAME', row => row.name, 63);
	let last: readonly Placed[] = [ages];
	const total = (list: readonly Placed[]) => [...fixed, ...list, ...last].reduce((sum, column) => sum + column.width + gap, 0);
	// What there is no room for goes from the right, before names are cut to less than is needed to tell them apart.
	const left = () => width - 3 - edge - total(columns);
	const isShort = () => left() < Math.min(nameWidth, 36);
	if (isShort()) {
		columns = wanted.map(one => asColumn(one, true));
		fixed = fixed.map(one => ({...one, width: Math.min(one.width, tightNamespace)}));
	}

	// The cell that tells most goes last, after the age.
	const most = (column: ListColumn) => isNarrow ? narrowName : column.leastName;
	for (;;) {
		const at = wanted.findLastIndex(({column}) => wanted.every(other => column.leastName >= other.column.leastName));
		const next = wanted[at]!.column;
		if (left() >= Math.min(Math.max(nameWidth, 10), most(next))) {
			break;
		}

		const isMost = next.leastName <= narrowName;
		if (isMost && last.length > 0) {
			last = [];
		} else if (columns.length > (isMost && isNarrow ? 2 : 1)) {
			wanted.splice(at, 1);
			columns = columns.toSpliced(at, 1);
		} else {
			break;
		}
	}

	const room = Math.max(8, left());
	const name: Placed = {title: 'NAME', width: Math.min(room, Math.max(nameWidth, 16)), cell: row => row.name};
	return [...fixed, name, ...columns, ...last];
}

function headText(list: ListState, columns: readonly Placed[]): string {
	const sign = isAscending(listKinds[list.name], list.order) ? '↑' : '↓';
	const heads = columns.map(column => fill(column.title + (column.title === list.order.column && (list.order.reverse || column.title !== 'NAME') ? sign : ''), column.width));
	return `   ${heads.join(' '.repeat(gap))}`.trimEnd();
}

function headLine(text: string, range: string, width: number): Line {
	const space = spaceBeside(text, range, width);
	return line(of('text.dim', space > 0 ? `${text}${' '.repeat(space)}${range}` : text));
}

function spaceBeside(text: string, range: string, width: number): number {
	return width - cellWidth(text) - cellWidth(range) - edge;
}

function rangeOf({visible, top}: ListState, rows: number): string {
	return `${grouped(top + 1)}–${grouped(Math.min(visible.length, top + rows))}/${grouped(visible.length)}`;
}

function rowLine(screen: Screen, list: ListState, row: Row, isCursor: boolean, columns: readonly Placed[]): Line {
	const {glyphs} = screen.theme;
	const hasFocus = screen.state.pane === 'main';
	const mark = list.marked.has(row.id) ? of('mark', glyphs.marked) : {text: ' '};
	const cursor = isCursor ? of('focus', hasFocus ? glyphs.cursor : glyphs.cursorElsewhere) : {text: ' '};
	const cells = columns.flatMap((column, index): Span[] => [
		{text: index === 0 ? '' : ' '.repeat(gap)},
		of(row.gone !== null ? 'gone' : column.role?.(row), fill(column.cell(row), column.width)),
	]);
	return {spans: [mark, cursor, {text: ' '}, ...cells], ...isCursor && hasFocus && {ground: 'selection' as const}};
}

function fill(text: string, width: number): string {
	const wide = cellWidth(text);
	if (wide <= width) {
		return text + ' '.repeat(width - wide);
	}

	// The end of a pod's name tells it apart.
	const head = Math.max(1, Math.floor((width - 1) * 0.6));
	const tail = width - head - 1;
	return `${text.slice(0, head)}…${tail > 0 ? text.slice(-tail) : ''}`;
}

function cellRole(title: string, cell: string): Role | undefined {
	if (title === 'STATUS') {
		return /^(?:Running|Ready|Active|Complete|\d+)$/.test(cell)
			? undefined
			: /^(?:Completed|Succeeded)$/.test(cell)
				? 'text.dim'
				: /BackOff|Err|Failed|NotReady|Evicted|OOM|Invalid|Unknown|Lost/.test(cell) ? 'state.failed' : 'state.working';
	}

	const ready = title === 'READY' || title === servicePodsTitle ? /^(\d+)\/(\d+)$/.exec(cell) : null;
	if (ready && ready[1] !== ready[2]) {
		return 'state.working';
	}

	return title === 'RESTARTS' && cell !== '0' && !cell.startsWith('0 ') ? 'level.warn' : undefined;
}

function emptyWords(screen: Screen, list: ListState): string[] {
	const {cluster} = screen.state;
	const place = !listKinds[list.name].namespaced ? 'this cluster' : cluster.namespace ?? 'any namespace';
	const pick = `${firstKey(screen, 'namespace.pick') ?? ':ns'} another namespace`;
	const all = cluster.namespace === null ? `${firstKey(screen, 'namespace.all') ?? ':ns'} back to ${cluster.lastNamespace}` : `${firstKey(screen, 'namespace.all') ?? ':ns'} all namespaces`;
	const why = `${firstKey(screen, 'path.why') ?? ':why'} why`;
	switch (list.phase.kind) {
		case 'failed': {
			const {error, retryAt} = list.phase;
			const again = retryAt === null ? '' : ` Trying again${inSeconds(screen.state, retryAt)}.`;
			return error.code === 'ERR_FORBIDDEN'
				? [`You may not list ${list.name} in ${place} (403).  ${why}`, ...listKinds[list.name].namespaced ? [cluster.namespace === null ? `${all}   ${pick}` : pick] : [], ...list.name === 'pods' ? [':tail pod/NAME and :shell pod/NAME work where you may'] : []]
				: [`${error.message}.${again}  ${why}`, ...error.text === null || error.message.includes(error.text) ? [] : [`text   ${error.text}`], ...error.remedy === null ? [] : [`try    ${error.remedy}`]];
		}

		case 'idle':
		case 'reading': {
			return ['reading …'];
		}

		default: {
			const {namespaced} = listKinds[list.name];
			if (list.total === 0 && list.selector !== '') {
				return [`No ${list.name} in ${place} fit -l ${list.selector}.  ${firstKey(screen, 'view.back') ?? ':filter'} clears${namespaced ? `   ${all}` : ''}`];
			}

			return list.total === 0
				? [`No ${list.name} in ${place}.${namespaced ? `  ${pick}   ${all}` : ''}`]
				: [`Nothing in ${grouped(list.total)} ${list.name} fits "${list.filter}".  ${firstKey(screen, 'view.back') ?? ':filter'} clears${namespaced && cluster.namespace !== null ? `   ${all}` : ''}`];
		}
	}
}

/** What the rule's right edge says of the list: which part of it is shown where its head has no room for that, its state, and what was left out. */
export function listNote(screen: Screen, list: ListState, width: number): string {
	const {state} = screen;
	const parts: string[] = [];
	if (list.visible.length >= 1000 || (list.visible.length > list.windowRows && !hasRangeInHead(screen, list, width))) {
		parts.push(rangeOf(list, list.windowRows));
	}

	if (list.filter !== '') {
		const filter = parseRowFilter(list.filter);
		const isOnlyTyped = filter.kind === 'labels' && filter.selector !== list.selector;
		parts.push(list.filterProblem === null ? `filter: ${list.filter}${isOnlyTyped ? '' : ` · ${grouped(list.visible.length)} of ${grouped(list.total)}`}` : list.filterProblem);
	}

	if (list.phase.kind === 'polling') {
		parts.push(`watch refused, read every ${list.phase.everyMs / 1000} s`);
	} else if (list.phase.kind === 'interrupted') {
		parts.push(`as of ${showAge(state.now - list.phase.since)} ago · trying again${inSeconds(screen.state, list.phase.retryAt)}`);
	} else if (list.phase.kind === 'failed' && list.visible.length > 0) {
		parts.push(list.phase.error.message);
	}

	return parts.join(' · ');
}

function hasRangeInHead(screen: Screen, list: ListState, width: number): boolean {
	const columns = chooseColumns(screen, list, list.visible.slice(list.top, list.top + list.windowRows), width);
	return spaceBeside(headText(list, columns), rangeOf(list, list.windowRows), width) > 0;
}

/** The views: how many rows their panes take, where their cursor is, and their history. */
import {cellIn, type ListName} from '../lists/list-kinds.ts';
import {type ListState, selectedRow} from '../lists/list-state.ts';
import {hasProblem} from '../lists/problems.ts';
import type {Row} from '../lists/table-rows.ts';
import {proxyRowCount} from '../proxy/proxy-state.ts';
import type {SessionState, ViewName} from './session-state.ts';

/** A page for a screen reader: what can be listened to at once. */
const readerPageRows = 3;
/** A screen reader has no edge: a text is cut only where it is too long to listen to. */
const readerSize = {columns: 400, rows: 24};

const lowBelow = 20;
/** Screens below it show a row less of a problem. */
const mediumBelow = 32;

type ViewEntry = {view: ViewName; namespace: string | null};

export type ViewHistory = {entries: readonly ViewEntry[]; position: number};

const maxEntries = 100;

/** A low or zoomed screen has no titles of panes. */
export function hasPaneTitles({size: {rows}, zoom}: Pick<SessionState, 'size' | 'zoom'>): boolean {
	return rows >= lowBelow && !zoom;
}

/** Rows of the details below a list, with their title. By the row alone, so that the list does not jump when its details are read. */
export function previewRows(state: Pick<SessionState, 'size' | 'zoom'>, list: ListState | null): number {
	const row = list && selectedRow(list);
	if (!hasPaneTitles(state) || row === null) {
		return 0;
	}

	const isLong = hasProblem(row, list!.knownProblems) || containerCount(list!, row) > 1;
	return isLong ? (state.size.rows < mediumBelow ? 6 : 7) : 3;
}

function containerCount({name}: ListState, row: Row): number {
	return name === 'pods' ? Number(cellIn(name, row, 'READY').split('/')[1]) : 1;
}

/** Rows of the connections, without their title. */
export function connectionRows(state: Pick<SessionState, 'size' | 'zoom' | 'connections'>): number {
	const {connections, size, zoom} = state;
	return zoom ? 0 : Math.min(connections.length, hasPaneTitles(state) ? (size.rows >= 36 ? 8 : 3) : 2);
}

/** Rows of a view without a path pane: without the header, the tabs, the connections and the footer. */
export function viewRows(state: Pick<SessionState, 'size' | 'zoom' | 'connections'>): number {
	const rows = connectionRows(state);
	return state.size.rows - 3 - rows - (rows > 0 && hasPaneTitles(state) ? 1 : 0);
}

/** The rows of a list, and of a layer's body, before Ink has laid them out; for a screen reader Ink lays out none. */
export function estimatedRows(size: SessionState['size'], hasScreenReader: boolean): Pick<SessionState, 'size' | 'listRows' | 'pageRows'> {
	return hasScreenReader
		? {size: readerSize, listRows: estimatedListRows(readerSize.rows), pageRows: readerPageRows}
		: {size, listRows: estimatedListRows(size.rows), pageRows: estimatedPageRows(size.rows)};
}

/** Without the title, the header and the footer. */
function estimatedPageRows(rows: number): number {
	return Math.max(1, rows - 3);
}

function estimatedListRows(rows: number): number {
	return Math.max(1, rows - 12);
}

/** Rows that are no list of objects. */
export type CursorRows = 'connections' | Exclude<ViewName, ListName>;

type RowsWithCursor = {
	at(state: SessionState): number;
	count(state: SessionState): number;
	moved(state: SessionState, at: number): SessionState;
};

export const rowsWithCursor: Readonly<Record<CursorRows, RowsWithCursor>> = {
	connections: {
		at: state => state.connectionCursor,
		count: state => state.connections.length,
		moved: (state, connectionCursor) => ({...state, connectionCursor}),
	},
	forwards: {
		at: state => state.forwardCursor,
		count: state => state.forwards.length,
		moved: (state, forwardCursor) => ({...state, forwardCursor}),
	},
	proxy: {
		at: state => state.proxy.cursor,
		count: state => proxyRowCount(state.proxy),
		moved: (state, cursor) => ({...state, proxy: {...state.proxy, cursor}}),
	},
	audit: {
		at: state => state.audit.cursor,
		count: state => state.audit.rows.length,
		moved: (state, cursor) => ({...state, audit: {...state.audit, cursor}}),
	},
	sandbox: {
		at: state => state.sandboxCursor,
		count: state => state.sandboxSwitches.length,
		moved: (state, sandboxCursor) => ({...state, sandboxCursor}),
	},
};

/** The row that the cursor is on, from 0. */
export function cursorOf(state: SessionState, rows: CursorRows): number {
	return rowsWithCursor[rows].at(state);
}

export function startHistory(entry: ViewEntry): ViewHistory {
	return {entries: [entry], position: 0};
}

/** Drops the entries after the current one. */
export function visit(history: ViewHistory, entry: ViewEntry): ViewHistory {
	const now = history.entries[history.position]!;
	if (now.view === entry.view && now.namespace === entry.namespace) {
		return history;
	}

	const entries = [...history.entries.slice(0, history.position + 1), entry].slice(-maxEntries);
	return {entries, position: entries.length - 1};
}

export function entryAt({entries, position}: ViewHistory, by: number): ViewEntry | null {
	return entries[position + by] ?? null;
}

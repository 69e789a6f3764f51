/** How many rows the panes below a view take. The rest belongs to the view. */
import {isListName} from '../lists/list-kinds.ts';
import type {SessionState} from './session-state.ts';

/** A page for a screen reader: what can be listened to at once. */
const readerPageRows = 3;
/** A screen reader has no edge: a text is cut only where it is too long to listen to. */
const readerSize = {columns: 400, rows: 24};

const lowBelow = 20;
/** Minimum rows of the screen for a preview. */
const previewFrom = 32;

/** A low or zoomed screen has no titles of panes. */
export function hasPaneTitles({size: {rows}, zoom}: Pick<SessionState, 'size' | 'zoom'>): boolean {
	return rows >= lowBelow && !zoom;
}

/** Rows of the details below a list, with their title. */
export function previewRows({size: {rows}, zoom, view}: Pick<SessionState, 'size' | 'zoom' | 'view'>): number {
	return rows >= previewFrom && !zoom && isListName(view) ? Math.max(6, Math.min(16, Math.floor(rows / 4))) : 0;
}

/** Rows of the connections, without their title. */
export function connectionRows(state: Pick<SessionState, 'size' | 'zoom' | 'connections'>): number {
	const {connections, size, zoom} = state;
	if (zoom) {
		return 0;
	}

	return hasPaneTitles(state) ? Math.max(1, Math.min(connections.length, size.rows >= 36 ? 8 : 3)) : Math.min(2, connections.length);
}

/** Rows of a view without a path pane: without the header, the tabs, the connections and the footer. */
export function viewRows(state: Pick<SessionState, 'size' | 'zoom' | 'connections'>): number {
	return state.size.rows - 3 - connectionRows(state) - (hasPaneTitles(state) ? 1 : 0);
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

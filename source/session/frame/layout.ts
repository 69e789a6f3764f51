/** How many rows the panes below a view take. The rest belongs to the view. */
import {isListName} from '../lists/list-kinds.ts';
import type {SessionState} from './session-state.ts';

type Sized = Pick<SessionState, 'size' | 'zoom' | 'view' | 'connections'>;

const lowBelow = 20;
/** Minimum rows of the screen for a preview. */
const previewFrom = 32;

/** A low or zoomed screen has no titles of panes. */
export function hasPaneTitles({size: {rows}, zoom}: Pick<SessionState, 'size' | 'zoom'>): boolean {
	return rows >= lowBelow && !zoom;
}

/** Rows of the details below a list, with their title. */
export function previewRows({size: {rows}, zoom, view}: Sized): number {
	return rows >= previewFrom && !zoom && isListName(view) ? Math.max(6, Math.min(16, Math.floor(rows / 4))) : 0;
}

/** Rows of the connections, without their title. */
export function connectionRows(state: Sized): number {
	const {connections, size, zoom} = state;
	if (zoom) {
		return 0;
	}

	return hasPaneTitles(state) ? Math.max(1, Math.min(connections.length, size.rows >= 36 ? 8 : 3)) : Math.min(2, connections.length);
}

/** The rows of a layer's body before Ink has laid it out: without its title, the header and the footer. */
export function estimatedPageRows(rows: number): number {
	return Math.max(1, rows - 3);
}

/** The list's rows before Ink has laid out the first frame, or without a layout, for a screen reader. */
export function estimatedListRows(rows: number): number {
	return Math.max(1, rows - 12);
}

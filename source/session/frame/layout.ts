/** How the screen is divided among the panes. */
import {isListName} from '../lists/list-kinds.ts';
import type {SessionState, ViewName} from './session-state.ts';

export type Layout = {
	main: number;
	/** Rows of the path below the view; 0 if the path is at the right or the view has none. */
	path: number;
	/** False on a low screen, where the path has no titled rule above it. */
	pathRule: boolean;
	/** Columns of the path at the right; 0 if it is below. */
	side: number;
	connections: number;
	details: number;
};

/** Minimum columns for the path at the right. */
const sideFrom = 110;
const lowBelow = 20;
/** Minimum rows for details. */
const detailsFrom = 32;

/** A small screen drops panes in a fixed order, and the list keeps at least one row. */
export function layout({
	size: {columns, rows},
	connections,
	zoom,
	view,
}: Pick<SessionState, 'size' | 'connections' | 'zoom' | 'view'>): Layout {
	const chrome = 3;
	const head = 1;
	if (zoom) {
		return {main: Math.max(1, rows - chrome - head - 1), path: 1, pathRule: false, side: 0, connections: 0, details: 0};
	}

	const isLow = rows < lowBelow;
	const hasSide = columns >= sideFrom && !isLow && isListName(view);
	const side = hasSide ? Math.min(64, Math.max(50, Math.floor(columns * 0.42))) : 0;
	const path = pathRows(view, {hasSide, isLow});
	const connectionRows = isLow ? Math.min(2, connections.length) : Math.max(2, Math.min(connections.length, rows >= 36 ? 8 : 4));
	const hasDetails = rows >= detailsFrom && isListName(view);
	const details = hasDetails ? Math.max(6, Math.min(16, Math.floor(rows / 4))) : 0;
	const below = details + (path === 0 ? 0 : path + (isLow ? 0 : 1)) + (connectionRows === 0 ? 0 : connectionRows + 1);
	return {main: Math.max(1, rows - chrome - head - below), path, pathRule: !isLow, side, connections: connectionRows, details};
}

function pathRows(view: ViewName, {hasSide, isLow}: {hasSide: boolean; isLow: boolean}): number {
	if (hasSide || view === 'audit' || view === 'proxy') {
		return 0;
	}

	if (isLow || view === 'sandbox') {
		return 1;
	}

	return view === 'forwards' ? 3 : 4;
}

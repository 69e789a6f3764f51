/** The path of a why screen. */
import type {Path} from '../../evidence/evidence.ts';
import {worstPath} from '../frame/connection-list.ts';
import type {Layer, SessionState} from '../frame/session-state.ts';

export type WhyLayer = Extract<Layer, {kind: 'why'}>;

/**
The path of the open connection (the worst of several), else that of the row. A failure without a connection has none, not even that of the
selected row.
*/
export function whyPath(state: Pick<SessionState, 'connections' | 'selectedPath'>, layer: WhyLayer): Path | null {
	const entry = state.connections.find(one => one.id === layer.entry);
	return (entry ? worstPath(entry.paths.values(), layer.context) : null) ?? rowPath(state, layer);
}

/** The path that the screen was opened with, while a later one says the same in other words. It may also arrive later. */
function rowPath({selectedPath}: Pick<SessionState, 'selectedPath'>, {row, path}: WhyLayer): Path | null {
	const current = row !== undefined && row === selectedPath?.of ? selectedPath.path : null;
	return path !== null && (current === null || current.line === path.line) ? path : current;
}

/** The path of a why screen. */
import type {Path} from '../../evidence/evidence.ts';
import {worstPath} from '../frame/connection-list.ts';
import type {Layer, SessionState} from '../frame/session-state.ts';

export type WhyLayer = Extract<Layer, {kind: 'why'}>;

/**
The path of the open connection (the worst of several), else the one it was opened with. A failure without a connection has none, not even
that of the selected row.
*/
export function whyPath(state: Pick<SessionState, 'connections' | 'selectedPath'>, layer: WhyLayer): Path | null {
	const entry = state.connections.find(one => one.id === layer.entry);
	// The path may arrive later, while its row is still selected.
	const isOfRow = layer.row !== undefined && layer.row === state.selectedPath?.of;
	return (entry ? worstPath(entry.paths.values(), layer.context) : null) ?? layer.path ?? (isOfRow ? state.selectedPath!.path : null);
}

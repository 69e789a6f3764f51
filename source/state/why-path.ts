/** Which path is a why-screen about? Pure. */
import type {Path} from '../evidence/evidence.ts';
import {worstPath} from './connection-list.ts';
import type {Layer, SessionState} from './session-state.ts';

export type WhyLayer = Extract<Layer, {kind: 'why'}>;

/** The connection's own where it still is one: the worst where it has several, as its row shows. What failed without one has none: that of the row under the cursor is not its. */
export function whyPath(state: SessionState, layer: WhyLayer): Path | null {
	const entry = state.dock.find(one => one.id === layer.entry);
	// It may have been read only after the view was opened: the cursor is still on what was asked for.
	const isOfRow = layer.row !== undefined && layer.row === state.pathHere?.of;
	return (entry ? worstPath(entry.paths.values()) : null) ?? layer.path ?? (isOfRow ? state.pathHere!.path : null);
}

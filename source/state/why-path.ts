/** Which path is a why-screen about? Pure. */
import type {Path} from '../posture/evidence.ts';
import {worstPath} from './connections.ts';
import type {Layer, SessionState} from './session-state.ts';

export type WhyLayer = Extract<Layer, {kind: 'why'}>;

/** The connection's own where it still is one: the worst where it has several, as its row shows. */
export function whyPath(state: SessionState, layer: WhyLayer): Path | null {
	const entry = state.dock.find(one => one.id === layer.entry);
	// It may have been read only after the view was opened: the cursor is still on what was asked for.
	const isOfRow = layer.row === undefined ? layer.entry === null && layer.error?.leg === 2 : layer.row === state.pathHere?.of;
	// What is not there has no way to it: the one at hand is that of the row under the cursor.
	const path = (entry ? worstPath(entry.paths.values()) : null) ?? (layer.error?.code === 'ERR_NOT_FOUND' ? null : layer.path) ?? (isOfRow ? state.pathHere?.path : null) ?? null;
	// What never was open has no path of its own: where it broke is drawn into the one it would have taken.
	return path?.about === 'configuration' && layer.error?.leg === 2 ? {...path, phase: 'failed', error: layer.error} : path;
}

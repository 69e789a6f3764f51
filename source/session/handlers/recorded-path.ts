/** Worst path of a connection list row. */
import type {Path} from '../../evidence/evidence.ts';
import {worstPath} from '../../state/connection-list.ts';
import type {Session} from '../session.ts';

export function recordedPath({store}: Pick<Session, 'store'>, id: string): Path | null {
	return worstPath(store.state.connections.find(entry => entry.id === id)?.paths.values() ?? []);
}

/** How does the connection of a row of the dock go, or how did it go? What met a failure knows more than the path to what is under the cursor. */
import type {Path} from '../../evidence/evidence.ts';
import {worstPath} from '../../state/connection-list.ts';
import type {Session} from '../session.ts';

export function recordedPath({store}: Pick<Session, 'store'>, id: string): Path | null {
	return worstPath(store.state.dock.find(entry => entry.id === id)?.paths.values() ?? []);
}

/** Why is an action off, and for whom would it be on? */
import {mayDo} from '../../actions/access.ts';
import type {ActionRow} from '../../actions/action-row.ts';
import type {SessionState} from '../../state/session-state.ts';

/** Why an action cannot be used now; `null` when it can. */
export function whyOff(state: SessionState, action: ActionRow): string | null {
	if (isReadOnly(state, action)) {
		return `${action.title}: off, --read-only is set`;
	}

	const refused = state.refused.get(action.id);
	return refused === undefined ? null : `${action.title}: off, ${refused}`;
}

/** Whether `--read-only` turns it off. */
export function isReadOnly({readOnly}: SessionState, {access}: ActionRow): boolean {
	return access !== 'screen' && !mayDo(access, {readOnly});
}

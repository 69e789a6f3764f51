/** Why is an action off, and for whom would it be on? */
import {isAccessAllowed} from '../../actions/access.ts';
import type {ActionSpec} from '../../actions/action-table.ts';
import {terminatedPodMessage, logRemedy, type RunningPodFeature} from '../../streams/terminated-pod.ts';
import {selectedRow} from '../../state/list-state.ts';
import type {SessionState} from '../../state/session-state.ts';

/** Why an action cannot be used now; `null` when it can. */
export function disabledReason(state: SessionState, action: ActionSpec): string | null {
	if (isReadOnly(state, action)) {
		return `${action.title}: off, --read-only is set`;
	}

	const reason = state.refused.get(action.id) ?? terminatedPodReason(state, action)?.reason;
	return reason === undefined ? null : `${action.title}: off, ${reason}`;
}

/** What needs a pod that runs. */
const ofRunning: Readonly<Record<string, RunningPodFeature>> = {
	'pods.shell': 'exec',
	'pods.attach': 'attach',
	'pods.forward': 'port-forward',
	'pods.debug': 'debug',
};

/** Where the pod under the cursor has ended, so that the action can do nothing with it: why, in kubectl's words where it has some, and what is left to do. */
export function terminatedPodReason(
	{view, layers, lists}: SessionState,
	{id}: ActionSpec,
): {reason: string; text: string; remedy: string} | null {
	const feature = ofRunning[id];
	const row = feature === undefined || view !== 'pods' || layers.length > 0 ? null : selectedRow(lists.pods);
	return feature === undefined || row?.ended === undefined
		? null
		: {
				reason: `the pod has ended (${row.ended})`,
				text: terminatedPodMessage(feature, row.ended),
				remedy: logRemedy(row.name, row.namespace),
			};
}

/** Whether `--read-only` turns it off. */
export function isReadOnly({readOnly}: SessionState, {access}: ActionSpec): boolean {
	return access !== 'screen' && !isAccessAllowed(access, {readOnly});
}

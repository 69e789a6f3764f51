/** Reasons why an action is disabled. */
import {isAccessAllowed} from '../../actions/access.ts';
import type {ActionId, ActionSpec} from '../../actions/action-table.ts';
import {terminatedPodMessage, logRemedy, type RunningPodFeature} from '../../streams/terminated-pod.ts';
import {selectedRow} from '../lists/list-state.ts';
import type {SessionState} from '../frame/session-state.ts';

export function disabledReason(state: SessionState, action: ActionSpec): string | null {
	if (isReadOnly(state, action)) {
		return `${action.title}: disabled, --read-only is set`;
	}

	const reason = state.cluster.missingPermissions.get(action) ?? terminatedPodReason(state, action)?.reason ?? zoomReason(state, action);
	return reason === undefined ? null : `${action.title}: disabled, ${reason}`;
}

const ofRunning: Readonly<Partial<Record<ActionId, RunningPodFeature>>> = {
	shell: 'exec',
	attach: 'attach',
	forward: 'port-forward',
	debug: 'debug',
	files: 'exec',
};

/** The reason in kubectl's words, if kubectl has a message for it. */
export function terminatedPodReason(
	{view, layers, lists}: SessionState,
	{id}: ActionSpec,
): {reason: string; text: string; remedy: string} | null {
	const feature = ofRunning[id];
	const row = feature === undefined || view !== 'pods' || layers.length > 0 ? null : selectedRow(lists.pods);
	return feature === undefined || row?.ended === undefined
		? null
		: {
				reason: `the pod has terminated (${row.ended})`,
				text: terminatedPodMessage(feature, row.ended),
				remedy: logRemedy(row.name, row.namespace),
			};
}

export function isReadOnly({readOnly}: SessionState, {access}: ActionSpec): boolean {
	return access !== 'screen' && !isAccessAllowed(access, {readOnly});
}

/** It would change only the view below, unseen. */
function zoomReason({layers}: SessionState, {id}: ActionSpec): string | undefined {
	return id === 'view.zoom' && layers.length > 0 ? 'this screen has only one pane' : undefined;
}

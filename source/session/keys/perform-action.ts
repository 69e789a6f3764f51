/** Checks and performs an action, and says why one is disabled. */
import {isAccessAllowed} from '../actions/access.ts';
import {actionIn, findAction, type ActionId, type ActionSpec} from '../actions/action-table.ts';
import {SpokeError, toSpokeError} from '../../base/errors/spoke-error.ts';
import {terminatedPodMessage, logRemedy, type RunningPodFeature} from '../../streams/terminated-pod.ts';
import {isAllowedByName, ruleFor} from '../clusters/reachability-check.ts';
import type {Dialogs} from '../dialogs/dialogs.ts';
import {CanceledError} from '../dialogs/type-ahead.ts';
import {currentList, currentNamespace, keyContext, type SessionState} from '../frame/session-state.ts';
import type {Handler, Session} from '../frame/session.ts';
import {selectedRow} from '../lists/list-state.ts';
import type {Row} from '../lists/table-rows.ts';

export type ActionContext = {session: Session; dialogs: Dialogs; handlerOf(action: ActionSpec): Handler | undefined};

const ofRunning: Readonly<Partial<Record<ActionId, RunningPodFeature>>> = {
	shell: 'exec',
	attach: 'attach',
	forward: 'port-forward',
	debug: 'debug',
	files: 'exec',
};

/** Shows failures instead of throwing. A bug becomes an unhandled rejection and a crash report. */
export function performAction(context: ActionContext, id: ActionId): void {
	const {store} = context.session;
	const {state} = store;
	store.dispatch({type: 'first-hints-over'});
	const action = actionIn(keyContext(state), id) ?? findAction(id);
	const reason = disabledReason(state, action);
	if (reason === null) {
		run(context, action);
	} else {
		void refuse(context, action, reason);
	}
}

function run({session, dialogs, handlerOf}: ActionContext, action: ActionSpec): void {
	const {store} = session;
	if (action.id !== 'why' && store.state.dialog === null) {
		store.dispatch({type: 'failure-over'});
	}

	keepSelectedRow(store, action);
	const handler = handlerOf(action);
	if (handler) {
		void handled(session, action, async () => handler(session, dialogs));
	} else {
		session.showMessage(`${action.id} is not available here`);
	}
}

/** A row that was acted on stays selected, also when another one comes first. */
function keepSelectedRow(store: Session['store'], {id, access}: ActionSpec): void {
	const {state} = store;
	const list = currentList(state);
	if (list !== null && state.layers.length === 0 && state.dialog === null && (access !== 'screen' || id === 'open')) {
		store.dispatchNow({type: 'list', list: list.name, event: {type: 'move', by: 0}});
	}
}

async function handled(session: Session, {title}: ActionSpec, handle: () => Promise<void>): Promise<void> {
	try {
		await handle();
	} catch (thrown) {
		if (thrown instanceof CanceledError) {
			return;
		}

		const error = toSpokeError(thrown);
		if (error.code === 'ERR_INTERNAL') {
			throw error;
		}

		session.showFailure(title, error);
	}
}

/** Permission may exist for the selected pod alone. */
async function refuse(context: ActionContext, action: ActionSpec, reason: string): Promise<void> {
	const {session} = context;
	const {store} = session;
	const {access} = session.cluster;
	const {state} = store;
	const row = state.view === 'pods' && state.layers.length === 0 ? selectedRow(state.lists.pods) : null;
	const ended = terminatedPodReason(state, action);
	const lacksPermission = state.cluster.missingPermissions.has(action) && !isReadOnly(state, action);
	keepSelectedRow(store, action);
	try {
		const may =
			lacksPermission &&
			row !== null &&
			row.unread === undefined &&
			(await session.typeAhead.during({description: `checking your permission for ${row.name}`, opens: may => may}, async () =>
				isAllowedByName(access, action, row.namespace, row.name),
			));
		if (may && isSelected(store.state, row)) {
			run(context, action);
		} else if (may) {
			session.showMessage(`${row.name} is no longer selected`, 'warn');
		} else if (lacksPermission) {
			session.showFailure(action.title, missingPermissionError(state, action));
		} else if (ended !== null && !isReadOnly(state, action)) {
			session.showFailure(
				action.title,
				new SpokeError('ERR_TARGET_GONE', `disabled, ${ended.reason}`, {text: ended.text, remedy: ended.remedy}),
			);
		} else {
			session.showMessage(`${action.title}: disabled, ${reason}`, 'warn');
		}
	} catch (thrown) {
		if (!(thrown instanceof CanceledError)) {
			throw thrown;
		}
	}
}

/** The user may have moved on, or the pod may be gone: its permission is not that of another pod. */
function isSelected({view, layers, lists: {pods}}: SessionState, {id}: Row): boolean {
	return view === 'pods' && layers.length === 0 && selectedRow(pods)?.id === id;
}

/** Looks like an apiserver refusal, so that the why screen shows what to request. */
function missingPermissionError({cluster}: SessionState, action: ActionSpec): SpokeError {
	const rule = ruleFor(action);
	return new SpokeError('ERR_FORBIDDEN', `disabled, ${cluster.missingPermissions.get(action)!}`, {
		leg: 1,
		...(rule !== null && {remedy: `ask for  ${rule}  in namespace ${currentNamespace(cluster)}, for user ${cluster.user}`}),
	});
}

/** Why the action is disabled, without its name: `--read-only is set`. */
export function disabledReason(state: SessionState, action: ActionSpec): string | null {
	return isReadOnly(state, action)
		? '--read-only is set'
		: (state.cluster.missingPermissions.get(action) ?? terminatedPodReason(state, action)?.reason ?? zoomReason(state, action));
}

/** The reason in kubectl's words, if kubectl has a message for it. */
function terminatedPodReason({view, layers, lists}: SessionState, {id}: ActionSpec): {reason: string; text: string; remedy: string} | null {
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
function zoomReason({layers}: SessionState, {id}: ActionSpec): string | null {
	return id === 'view.zoom' && layers.length > 0 ? 'this screen has only one pane' : null;
}

/** Checks and performs an action. */
import {type ActionSpec, findAction} from '../../actions/action-table.ts';
import {toSpokeError, SpokeError} from '../../errors/spoke-error.ts';
import {selectedRow} from '../../state/list-state.ts';
import {currentNamespace, type SessionState} from '../../state/session-state.ts';
import type {Handlers} from '../handlers/handler.ts';
import {isAllowedByName, ruleFor} from '../clusters/permissions.ts';
import type {Session} from '../session.ts';
import {dialogAction} from './dialog-actions.ts';
import type {Dialogs} from './dialogs.ts';
import {CanceledError} from './type-ahead.ts';
import {terminatedPodReason, isReadOnly, disabledReason} from './disabled-reason.ts';

export type ActionContext = {session: Session; overlays: Dialogs; handlers: Handlers};

/** Shows failures instead of throwing. A bug becomes an unhandled rejection and a crash report. */
export function performAction(doers: ActionContext, id: string): void {
	const {session} = doers;
	const action = findAction(id);
	const reason = action ? disabledReason(session.store.state, action) : null;
	if (action && reason !== null) {
		void refuse(doers, action, reason);
	} else {
		run(doers, id);
	}
}

function run({session, overlays, handlers}: ActionContext, id: string): void {
	const ofOverlay = dialogAction(session, overlays, id);
	if (ofOverlay !== undefined) {
		ofOverlay();
		return;
	}

	if (id !== 'path.why') {
		session.store.data({type: 'failure-over'});
	}

	const handler = handlers[id];
	if (handler) {
		void handled(session, id, handler);
	} else {
		session.tell(`${id} is not available here`);
	}
}

async function handled(session: Session, id: string, handler: Handlers[string]): Promise<void> {
	try {
		await handler(session);
	} catch (thrown) {
		if (thrown instanceof CanceledError) {
			return;
		}

		const error = toSpokeError(thrown);
		if (error.code === 'ERR_INTERNAL') {
			throw error;
		}

		session.fail(findAction(id)?.title ?? id, error);
	}
}

/** Permission may exist for the selected pod alone. */
async function refuse(doers: ActionContext, action: ActionSpec, reason: string): Promise<void> {
	const {session} = doers;
	const {
		store: {state},
		cluster: {access},
	} = session;
	const row = state.view === 'pods' && state.layers.length === 0 ? selectedRow(state.lists.pods) : null;
	const ended = terminatedPodReason(state, action);
	const isByRight = state.refused.has(action.id) && !isReadOnly(state, action);
	try {
		const may =
			isByRight &&
			row !== null &&
			(await session.typedAhead.during({description: `checking your permission for ${row.name}`, opens: may => may}, async () =>
				isAllowedByName(access, action.id, row.namespace, row.name),
			));
		if (may) {
			run(doers, action.id);
		} else if (isByRight) {
			session.fail(action.title, missingRight(state, action.id));
		} else if (ended !== null && !isReadOnly(state, action)) {
			session.fail(action.title, new SpokeError('ERR_TARGET_GONE', `disabled, ${ended.reason}`, {text: ended.text, remedy: ended.remedy}));
		} else {
			session.tell(reason, 'warn');
		}
	} catch (thrown) {
		if (!(thrown instanceof CanceledError)) {
			throw thrown;
		}
	}
}

/** Looks like an apiserver refusal, so that the why screen shows what to request. */
function missingRight({refused, cluster}: SessionState, id: string): SpokeError {
	const rule = ruleFor(id);
	return new SpokeError('ERR_FORBIDDEN', `disabled, ${refused.get(id)!}`, {
		leg: 1,
		...(rule !== null && {remedy: `ask for  ${rule}  in namespace ${currentNamespace(cluster)}, for user ${cluster.user}`}),
	});
}

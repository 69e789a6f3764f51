/** Does an action by its name: asks whether it may be done, finds who does it, and tells how it failed. */
import {findAction} from '../../actions/action-table.ts';
import type {ActionSpec} from '../../actions/action-spec.ts';
import {toSpokeError, SpokeError} from '../../errors/spoke-error.ts';
import {selectedRow} from '../../state/list-state.ts';
import {currentNamespace, type SessionState} from '../../state/session-state.ts';
import type {Handlers} from '../handlers/handler.ts';
import {mayByName, ruleFor} from '../clusters/rights.ts';
import type {Session} from '../session.ts';
import {overlayAction} from './overlay-actions.ts';
import type {Overlays} from './overlays.ts';
import {GivenUp} from './typed-ahead.ts';
import {endedHere, isReadOnly, whyOff} from './why-off.ts';

/** Who does an action: the dialog that is open, or a handler of the place. */
export type Doers = {session: Session; overlays: Overlays; handlers: Handlers};

/** Never throws for what an action does: that is told in the last row. A bug of ours is an unhandled rejection, and so a crash report. */
export function performAction(doers: Doers, id: string): void {
	const {session} = doers;
	const action = findAction(id);
	const reason = action ? whyOff(session.store.state, action) : null;
	if (action && reason !== null) {
		void refuse(doers, action, reason);
	} else {
		run(doers, id);
	}
}

function run({session, overlays, handlers}: Doers, id: string): void {
	const ofOverlay = overlayAction(session, overlays, id);
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
		session.tell(`${id} can do nothing here`);
	}
}

async function handled(session: Session, id: string, handler: Handlers[string]): Promise<void> {
	try {
		await handler(session);
	} catch (thrown) {
		if (thrown instanceof GivenUp) {
			return;
		}

		const error = toSpokeError(thrown);
		if (error.code === 'ERR_INTERNAL') {
			throw error;
		}

		session.fail(findAction(id)?.title ?? id, error);
	}
}

/** Says why an action is off, unless it is allowed for the very pod under the cursor. */
async function refuse(doers: Doers, action: ActionSpec, reason: string): Promise<void> {
	const {session} = doers;
	const {store: {state}, cluster: {access}} = session;
	const row = state.view === 'pods' && state.layers.length === 0 ? selectedRow(state.lists.pods) : null;
	const ended = endedHere(state, action);
	const isByRight = state.refused.has(action.id) && !isReadOnly(state, action);
	try {
		const may = isByRight && row !== null && await session.typedAhead.during(
			{what: `asking whether you may for ${row.name}`, opens: may => may},
			async () => mayByName(access, action.id, row.namespace, row.name),
		);
		if (may) {
			run(doers, action.id);
		} else if (isByRight) {
			session.fail(action.title, missingRight(state, action.id));
		} else if (ended !== null && !isReadOnly(state, action)) {
			session.fail(action.title, new SpokeError('ERR_TARGET_GONE', `off, ${ended.reason}`, {text: ended.text, remedy: ended.remedy}));
		} else {
			session.tell(reason, 'warn');
		}
	} catch (thrown) {
		if (!(thrown instanceof GivenUp)) {
			throw thrown;
		}
	}
}

/** Told as the apiserver's refusal would be, before it is met: `why` says what to ask for. */
function missingRight({refused, cluster}: SessionState, id: string): SpokeError {
	const rule = ruleFor(id);
	return new SpokeError('ERR_FORBIDDEN', `off, ${refused.get(id)!}`, {
		leg: 1,
		...rule !== null && {remedy: `ask for  ${rule}  in namespace ${currentNamespace(cluster)}, for user ${cluster.user}`},
	});
}

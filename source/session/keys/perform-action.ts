/** Checks and performs an action. */
import {type ActionSpec, findAction} from '../../actions/action-table.ts';
import {SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import {cardText, equivalentCommand, type CardChoice} from '../dialogs/dialog.ts';
import {selectedRow} from '../lists/list-state.ts';
import {currentNamespace, type SessionState} from '../frame/session-state.ts';
import {isAllowedByName, ruleFor} from '../clusters/permissions.ts';
import type {Handler, Handlers, Session} from '../frame/session.ts';
import type {Dialogs} from '../dialogs/dialogs.ts';
import {disabledReason, isReadOnly, terminatedPodReason} from './disabled-reason.ts';
import {CanceledError} from '../dialogs/type-ahead.ts';

export type ActionContext = {session: Session; dialogs: Dialogs; handlers: Handlers};

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

function run({session, dialogs, handlers}: ActionContext, id: string): void {
	const ofOverlay = dialogAction(session, dialogs, id);
	if (ofOverlay !== undefined) {
		ofOverlay();
		return;
	}

	if (id !== 'path.why') {
		session.store.dispatch({type: 'failure-over'});
	}

	const handler = (handlers as Readonly<Record<string, Handler | undefined>>)[id];
	if (handler) {
		void handled(session, id, handler);
	} else {
		session.tell(`${id} is not available here`);
	}
}

async function handled(session: Session, id: string, handler: Handler): Promise<void> {
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
			(await session.typeAhead.during({description: `checking your permission for ${row.name}`, opens: may => may}, async () =>
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

function dialogAction(session: Session, dialogs: Dialogs, id: string): (() => void) | undefined {
	const {store} = session;
	const [context = '', verb = ''] = id.split('.');
	if (!['prompt', 'picker', 'form', 'confirm', 'card'].includes(context)) {
		return undefined;
	}

	const edit = (event: Parameters<typeof store.dispatchNow>[0] & {type: 'overlay'}) => () => {
		store.dispatchNow(event);
		dialogs.changed();
	};

	const accept = () => {
		dialogs.accept();
	};

	const cancel = () => {
		dialogs.cancel();
	};

	const choose = (choice: CardChoice) => () => {
		dialogs.choose(choice);
	};

	const verbs: Readonly<Record<string, () => void>> = {
		doctor: choose('doctor'),
		retry: choose('retry'),
		why: choose('why'),
		copy() {
			const {overlay} = store.state;
			if (overlay?.kind === 'card') {
				session.copy(cardText(overlay), 'the failure');
			}
		},
		close: cancel,
		accept,
		submit: accept,
		yes: accept,
		cancel,
		no: cancel,
		'copy-script'() {
			const {overlay} = store.state;
			const script = overlay?.kind === 'form' ? equivalentCommand(overlay) : null;
			if (script !== null) {
				session.copy(script, 'the command');
			}
		},
		complete: edit({type: 'overlay', event: {type: 'complete'}}),
		erase: edit({type: 'overlay', event: {type: 'erase'}}),
		clear: edit({type: 'overlay', event: {type: 'clear'}}),
		'delete-word': edit({type: 'overlay', event: {type: 'erase-word'}}),
		start: edit({type: 'overlay', event: {type: 'caret', to: 'start'}}),
		end: edit({type: 'overlay', event: {type: 'caret', to: 'end'}}),
		older: edit({type: 'overlay', event: {type: 'history', by: 1}}),
		newer: edit({type: 'overlay', event: {type: 'history', by: -1}}),
		regex: edit({type: 'overlay', event: {type: 'regex'}}),
		down: edit({type: 'overlay', event: {type: 'move', by: 1}}),
		up: edit({type: 'overlay', event: {type: 'move', by: -1}}),
		next: edit({type: 'overlay', event: {type: 'move', by: 1}}),
		previous: edit({type: 'overlay', event: {type: 'move', by: -1}}),
		left: edit({type: 'overlay', event: context === 'prompt' ? {type: 'caret', to: 'left'} : {type: 'choose', by: -1}}),
		right: edit({type: 'overlay', event: context === 'prompt' ? {type: 'caret', to: 'right'} : {type: 'choose', by: 1}}),
	};
	return verbs[verb];
}

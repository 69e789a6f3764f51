/** The handler of each action. */
import type {ActionsOf, ActionSpec} from '../../actions/action-table.ts';
import {findNearest, type Context, type ContextStack} from '../../actions/contexts.ts';
import {forwardHandlers} from '../forwards/forward-handlers.ts';
import {forwardSetHandlers} from '../forwards/forward-sets.ts';
import {listenerHandlers} from '../proxy/listener-handlers.ts';
import {openResponse, proxyHandlers} from '../proxy/proxy-handlers.ts';
import {detailsHandlers, openDetails, yamlHandlers} from '../text/details-handlers.ts';
import {tailHandlers} from '../tail/tail-handlers.ts';
import {textHandlers} from '../text/text-handlers.ts';
import {auditHandlers, openAuditRow} from '../audit/audit-handlers.ts';
import {doctorHandlers} from '../why/doctor-handlers.ts';
import {nodeCheckHandlers} from '../why/node-check-handlers.ts';
import type {Handler, Handlers, Session} from './session.ts';
import {listHandlers} from '../lists/list-handlers.ts';
import {openRow} from '../lists/open-row.ts';
import {navigationHandlers} from './navigation-handlers.ts';
import {dialogHandlers} from '../dialogs/dialogs.ts';
import {paletteHandlers} from '../dialogs/palette-handlers.ts';
import {sandboxHandlers} from '../sandbox/sandbox-handlers.ts';
import {copyHandlers} from '../shell/copy-handlers.ts';
import {shellHandlers} from '../shell/shell-handlers.ts';
import {retryHandlers} from '../clusters/reachability-check.ts';
import {openWhy, whyHandlers} from '../why/why-handlers.ts';

const handlers = {
	...navigationHandlers,
	...listHandlers,
	...dialogHandlers,
	...paletteHandlers,
	...whyHandlers,
	...retryHandlers,
	...tailHandlers,
	...shellHandlers,
	...copyHandlers,
	...forwardHandlers,
	...forwardSetHandlers,
	...proxyHandlers,
	...listenerHandlers,
	...textHandlers,
	...detailsHandlers,
	...yamlHandlers,
	...doctorHandlers,
	...nodeCheckHandlers,
	...auditHandlers,
	...sandboxHandlers,
	'rows/open': open,
	'list.details': openDetails,
	why(session: Session) {
		const {
			store: {state},
		} = session;
		if (state.view === 'audit' && state.layers.length === 0 && state.pane === 'main' && state.lastFailure === null) {
			openAuditRow(session);
		} else {
			openWhy(session);
		}
	},
};

/** Actions of a context that neither it, a parent nor all contexts have a handler for. Remote shells take their keys themselves. */
type Unhandled<Of extends Context = Exclude<Context, 'ended' | 'terminal'>> = Of extends Context
	? {
			[Id in ActionsOf<Of>]: Extract<Id | `${ContextStack<Of>}/${Id}`, keyof typeof handlers> extends never ? `${Of}/${Id}` : never;
		}[ActionsOf<Of>]
	: never;

/** Does not compile while an action has no handler. */
const completeHandlers: [Unhandled] extends [never] ? Handlers : {unhandled: Unhandled} = handlers;

export function handlerOf({context, id}: ActionSpec): Handler | undefined {
	return findNearest(context, one => completeHandlers[`${one}/${id}`]) ?? completeHandlers[id];
}

async function open(session: Session): Promise<void> {
	switch (session.store.state.view) {
		case 'audit': {
			openAuditRow(session);
			break;
		}

		case 'proxy': {
			await openResponse(session);
			break;
		}

		case 'forwards': {
			await openDetails(session);
			break;
		}

		default: {
			await openRow(session);
		}
	}
}

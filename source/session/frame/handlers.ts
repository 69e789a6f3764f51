/** The handler of each action. */
import type {ActionsOf, ActionSpec} from '../actions/action-table.ts';
import {findNearest, type Context, type ContextStack} from '../actions/contexts.ts';
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
import type {ViewName} from './session-state.ts';
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

/** What Enter opens in a view that is no list. */
const openers: Readonly<Partial<Record<ViewName, (session: Session) => void | Promise<void>>>> = {
	audit: openAuditRow,
	proxy: openResponse,
	forwards: openDetails,
};

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
	'rows/open': async session => (openers[session.store.state.view] ?? openRow)(session),
	'list.details': openDetails,
	why(session) {
		const {view, layers, pane, lastFailure} = session.store.state;
		const isOfAuditRow = view === 'audit' && layers.length === 0 && pane === 'main' && lastFailure === null;
		(isOfAuditRow ? openAuditRow : openWhy)(session);
	},
} satisfies Handlers;

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

/** All action handlers by action id. */
import {forwardHandlers} from '../forwards/forward-handlers.ts';
import {forwardSetHandlers} from '../forwards/forward-sets.ts';
import {listenerHandlers} from '../proxy/listener-handlers.ts';
import {openResponse, proxyHandlers} from '../proxy/proxy-handlers.ts';
import {detailsHandlers, openDetails} from '../text/details-handlers.ts';
import {tailHandlers} from '../tail/tail-handlers.ts';
import {textHandlers} from '../text/text-handlers.ts';
import {yamlHandlers} from '../text/yaml-handlers.ts';
import {auditHandlers, openAuditRow} from '../audit/audit-handlers.ts';
import {doctorHandlers} from '../why/doctor-handlers.ts';
import type {Handlers, Session} from './session.ts';
import {listHandlers} from '../lists/list-handlers.ts';
import {openRow} from '../lists/open-row.ts';
import {navigationHandlers} from './navigation-handlers.ts';
import {paletteHandlers} from '../dialogs/palette-handlers.ts';
import {sandboxHandlers} from '../sandbox/sandbox-handlers.ts';
import {shellHandlers} from '../shell/shell-handlers.ts';
import {apiserverUnreachableHandlers} from '../clusters/unreachable-handlers.ts';
import {openWhy, whyHandlers} from '../why/why-handlers.ts';

export const handlers: Handlers = {
	...navigationHandlers,
	...listHandlers,
	...paletteHandlers,
	...whyHandlers,
	...apiserverUnreachableHandlers,
	...tailHandlers,
	...shellHandlers,
	...forwardHandlers,
	...forwardSetHandlers,
	...proxyHandlers,
	...listenerHandlers,
	...textHandlers,
	...detailsHandlers,
	...yamlHandlers,
	...doctorHandlers,
	...auditHandlers,
	...sandboxHandlers,
	'list.open': async session => open(session),
	'list.details': openDetails,
	'path.why'(session) {
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

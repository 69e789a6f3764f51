/** Every handler, by the id of its action. */
import {doctorHandlers} from './doctor-handlers.ts';
import {forwardHandlers} from './forward-handlers.ts';
import {openDetails} from './details-handlers.ts';
import type {Handlers} from './handler.ts';
import {listHandlers} from './list-handlers.ts';
import {navigationHandlers} from './navigation-handlers.ts';
import {paletteHandlers} from './palette-handlers.ts';
import {proxyHandlers} from './proxy-handlers.ts';
import {sandboxHandlers} from './sandbox-handlers.ts';
import {shellHandlers} from './shell-handlers.ts';
import {tailHandlers} from './tail-handlers.ts';
import {whyHandlers} from './why-handlers.ts';

const {'list.open': editProxy, ...proxyRows} = proxyHandlers;

export const handlers: Handlers = {
	...navigationHandlers, ...listHandlers, ...tailHandlers, ...shellHandlers, ...forwardHandlers, ...whyHandlers, ...paletteHandlers, ...sandboxHandlers, ...doctorHandlers, ...proxyRows,
	'list.open': async session => session.store.state.view === 'proxy' ? editProxy!(session) : openDetails(session),
};

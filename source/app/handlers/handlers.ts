/** Every handler, by the id of its action. */
import {doctorHandlers} from './doctor-handlers.ts';
import {forwardHandlers} from './forward-handlers.ts';
import {detailsHandlers, openDetails} from './details-handlers.ts';
import type {Handlers} from './handler.ts';
import {listenerHandlers} from './listener-handlers.ts';
import {listHandlers} from './list-handlers.ts';
import {navigationHandlers} from './navigation-handlers.ts';
import {paletteHandlers} from './palette-handlers.ts';
import {proxyHandlers} from './proxy-handlers.ts';
import {sandboxHandlers} from './sandbox-handlers.ts';
import {shellHandlers} from './shell-handlers.ts';
import {tailHandlers} from './tail-handlers.ts';
import {textHandlers} from './text-handlers.ts';
import {whyHandlers} from './why-handlers.ts';

const {'list.open': openAnswer, ...proxyRows} = proxyHandlers;

export const handlers: Handlers = {
	...navigationHandlers, ...listHandlers, ...tailHandlers, ...shellHandlers, ...forwardHandlers, ...whyHandlers, ...paletteHandlers, ...sandboxHandlers, ...listenerHandlers, ...textHandlers, ...detailsHandlers, ...doctorHandlers, ...proxyRows,
	'list.open': async session => session.store.state.view === 'proxy' ? openAnswer!(session) : openDetails(session),
};

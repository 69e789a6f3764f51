/** Local API proxies that use the user's permissions. */
import {isLoopback} from '../../cluster/transport/server-url.ts';
import {startProxyListener, type ListenerEvent} from '../../streams/proxy-listener/start-proxy-listener.ts';
import {describeListenerUsers, describeRelayedRequest} from '../../report/descriptions/describe-proxy.ts';
import {joinParts, sentenceOf} from '../../report/descriptions/parts.ts';
import {defaultFilter, defaultPort} from '../../streams/proxy-listener/request-filter.ts';
import {selectedListener, type ListenerState, type RelayedRequest} from './proxy-state.ts';
import {freePort} from '../forwards/port-options.ts';
import {formatQuantity} from '../../base/text/formats.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import {quoteForShell} from '../../base/text/escaping.ts';
import type {Handlers, OpenCluster, Session} from '../frame/session.ts';
import {showView} from '../lists/list-handlers.ts';
import {scriptFlags} from '../clusters/open-clusters.ts';

export const listenerHandlers = {
	async 'proxy.listener'(session) {
		const listener =
			selectedListener(session.store.state.proxy) ??
			session.store.state.proxy.listeners.find(({context}) => context === session.cluster.context);
		await (listener ? stopListener(session, listener.id) : startDialog(session));
	},
} satisfies Handlers;

async function startDialog(session: Session): Promise<void> {
	const {cluster} = session;
	const free = await session.typeAhead.during({description: 'finding a free port'}, async () => freePort(defaultPort));
	const values = await session.fill({
		title: `Local API proxy for ${cluster.context}`,
		submit: 'start',
		fields: [
			{name: 'port', label: 'Port', value: String(free), note: '0: any free port'},
			{name: 'address', label: 'Listen on', value: '127.0.0.1'},
		],
		notes: ({port = '', address = ''}) => [
			sentenceOf(describeListenerUsers({address, port: 0})),
			'It accepts only its own names in Host and Origin, and runs no commands.',
			'Equivalent command:',
			`  spoke proxy --port ${quoteForShell(port)}${address === '127.0.0.1' ? '' : ` --address ${quoteForShell(address)}`}${scriptFlags(session, cluster)}`,
		],
		async check({port = '', address = ''}) {
			const wanted = Number(port);
			if (!/^\d{1,5}$/.test(port) || wanted > 65_535) {
				return 'invalid port: use a number from 0 to 65535';
			}

			return isLoopback(address) && wanted > 0 && (await freePort(wanted)) !== wanted ? `port ${wanted} is in use` : null;
		},
	});
	if (values !== null) {
		await startListener(session, {port: Number(values['port']), address: values['address'] ?? ''}, cluster);
	}
}

/** Uses the cluster of the dialog, even after a switch. */
export async function startListener(session: Session, endpoint: {port: number; address: string}, cluster: OpenCluster): Promise<void> {
	if (
		!isLoopback(endpoint.address) &&
		!(await session.ask(`Listen on ${endpoint.address}?`, [sentenceOf(describeListenerUsers(endpoint))]))
	) {
		return;
	}

	const {store} = session;
	const id = session.nextId('listener');
	const observer = session.observerFor(id, cluster);
	const listener = await startProxyListener(
		cluster.access,
		{endpoint, filter: defaultFilter, apiPrefix: '/', files: null, keepaliveMs: 0, allowsCommands: false, serverPath: ''},
		{
			observer,
			onEvent(event) {
				passed(session, id, event);
			},
			onDropped(error) {
				session.showMessage(error.message);
			},
		},
	);
	session.work.start('listener', id, {
		stop() {
			listener.close();
		},
	});
	const {facts} = cluster.access;
	const state: ListenerState = {
		id,
		context: cluster.context,
		address: listener.address,
		listenerUsers: sanitizeLine(
			joinParts(describeListenerUsers(endpoint, {owner: `the permissions of ${facts.impersonating ?? facts.user ?? 'this user'}`})),
		),
		since: Date.now(),
		requests: 0,
		log: [],
	};
	const port = listener.address.slice(listener.address.lastIndexOf(':') + 1);
	store.dispatchNow({
		type: 'connections',
		event: {
			type: 'open',
			entry: {
				id,
				kind: 'proxy',
				what: `local API proxy :${port}`,
				context: cluster.context,
				since: state.since,
				phase: 'open',
				figures: 'no requests yet',
				listenerUsers: joinParts(describeListenerUsers({...endpoint, port: 0}, {subject: `:${port}`}), {without: ['detail']}),
			},
		},
	});
	showView(session, 'proxy');
	store.dispatchNow({type: 'proxy', event: {type: 'listening', listener: state}});
	session.showMessage(`local API proxy at ${listener.address}`);
}

function passed({store}: Session, id: string, event: ListenerEvent): void {
	const {status, milliseconds} = event;
	store.dispatch({type: 'proxy', event: {type: 'passed', id, request: listenerRequest(event)}});
	const requests = store.state.proxy.listeners.find(one => one.id === id)?.requests ?? 0;
	store.dispatch({
		type: 'connections',
		event: {type: 'change', id, to: {figures: `${formatQuantity(requests, 'request')} · ${status} ${Math.round(milliseconds)} ms`}},
	});
}

export function listenerRequest(event: ListenerEvent): RelayedRequest {
	return {
		time: Date.now(),
		request: sanitizeLine(joinParts(describeRelayedRequest(event), {without: ['status', 'error', 'code']})),
		status: event.status,
		tookMs: event.milliseconds,
		error: event.error === null ? null : sanitizeLine(event.error.message),
	};
}

export async function stopListener(session: Session, id: string): Promise<void> {
	const {store} = session;
	const state = store.state.proxy.listeners.find(one => one.id === id);
	if (
		!state ||
		!(await session.ask(`Stop the local API proxy on ${state.address}?`, [
			`${formatQuantity(state.requests, 'request')} so far. Programs that use it will be disconnected.`,
		]))
	) {
		return;
	}

	await session.work.end(id);
	store.dispatchNow({type: 'proxy', event: {type: 'stopped', id}});
	store.dispatchNow({type: 'connections', event: {type: 'close', id}});
	session.showMessage(`stopped the local API proxy on ${state.address}`);
}

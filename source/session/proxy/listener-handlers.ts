/** Listeners: a local port through which other programs use the API with the person's rights, for as long as the session runs. */
import {isLoopback} from '../../cluster/transport/loopback.ts';
import {startProxyListener, type ListenerEvent, type ProxyListener} from '../../streams/proxy-listener/start-proxy-listener.ts';
import {defaultFilter, defaultPort, describeListenerUsers} from '../../streams/proxy-listener/listener-defaults.ts';
import {selectedListener, type ListenerState} from '../../state/proxy-state.ts';
import {formatQuantity} from '../../text/format-number.ts';
import {sanitizeLine} from '../../text/sanitize-line.ts';
import {quoteForShell} from '../../text/quote-for-shell.ts';
import type {OpenCluster, Session} from '../session.ts';
import {freePort} from '../forwards/free-port.ts';
import type {Handlers} from '../handlers/handler.ts';
import {showView} from '../handlers/list-handlers.ts';
import {scriptFlags} from '../handlers/script-flags.ts';

/** Kept beside the state: what cannot be a plain value. */
const running = new WeakMap<Session, Map<string, ProxyListener>>();

function listenersOf(session: Session): Map<string, ProxyListener> {
	const known = running.get(session) ?? new Map<string, ProxyListener>();
	running.set(session, known);
	return known;
}

export const listenerHandlers: Handlers = {
	async 'proxy.listener'(session) {
		const here =
			selectedListener(session.store.state.proxy) ??
			session.store.state.proxy.listeners.find(({context}) => context === session.cluster.context);
		await (here ? stopListener(session, here.id) : startDialog(session));
	},
};

async function startDialog(session: Session): Promise<void> {
	const {cluster} = session;
	const free = await session.typedAhead.during({description: 'looking for a free port'}, async () => freePort(defaultPort));
	const values = await session.fill({
		title: `Listener for the API of ${cluster.context}`,
		submit: 'start',
		fields: [
			{name: 'port', label: 'Port', value: String(free), choices: null, note: '0: any free one'},
			{name: 'address', label: 'Listen on', value: '127.0.0.1', choices: null, note: ''},
		],
		notes: ({port = '', address = ''}) => [
			`${sentence(describeListenerUsers({address, port: 0}))}, with your rights, as long as it is open.`,
			'It answers to its own names only, to no page of another origin, and runs no commands.',
			'The same in a script:',
			`  spoke proxy --port ${quoteForShell(port)}${address === '127.0.0.1' ? '' : ` --address ${quoteForShell(address)}`}${scriptFlags(session, cluster)}`,
		],
		async check({port = '', address = ''}) {
			const wanted = Number(port);
			if (!/^\d{1,5}$/.test(port) || wanted > 65_535) {
				return 'a port is a number from 0 to 65535';
			}

			return isLoopback(address) && wanted > 0 && (await freePort(wanted)) !== wanted ? `port ${wanted} is in use` : null;
		},
	});
	if (values !== null) {
		await startListener(session, {port: Number(values['port']), address: values['address'] ?? ''}, cluster);
	}
}

/** For the cluster that was asked about, whichever is on the screen when it was answered. */
export async function startListener(
	session: Session,
	place: {port: number; address: string},
	cluster: OpenCluster = session.cluster,
): Promise<void> {
	if (
		!isLoopback(place.address) &&
		!(await session.ask(`Listen on ${place.address}?`, ['Everyone who reaches this machine can use it, with your rights.']))
	) {
		return;
	}

	const {store} = session;
	const id = session.nextId('listener');
	const observer = session.observerFor(id, cluster);
	const listener = await startProxyListener(
		cluster.access,
		{endpoint: place, filter: defaultFilter, apiPrefix: '/', files: null, keepaliveMs: 0, allowsCommands: false, serverPath: ''},
		{
			observer,
			onEvent(event) {
				passed(session, id, event);
			},
			onDropped(error) {
				session.tell(error.message);
			},
		},
	);
	listenersOf(session).set(id, listener);
	const {facts} = cluster.access;
	const state: ListenerState = {
		id,
		context: cluster.context,
		address: listener.address,
		usable: `${describeListenerUsers(place)}, with the rights of ${sanitizeLine(facts.impersonating ?? facts.user ?? 'this user')}`,
		since: Date.now(),
		requests: 0,
		log: [],
	};
	const port = portOf(listener.address);
	store.now({
		type: 'dock',
		event: {
			type: 'open',
			entry: {
				id,
				kind: 'proxy',
				what: `listener :${port}`,
				context: cluster.context,
				since: state.since,
				phase: 'open',
				note: '',
				figures: 'no request yet',
				usable: `${describeListenerUsers(place).replace(/ can use it(?:, from the network too)?$/, '')} can use :${port}`,
			},
		},
	});
	showView(session, 'proxy');
	store.now({type: 'proxy', event: {type: 'listening', listener: state}});
	session.tell(`listening on ${listener.address}`);
}

function passed({store}: Session, id: string, {method, path, status, milliseconds, error}: ListenerEvent): void {
	store.data({
		type: 'proxy',
		event: {
			type: 'passed',
			id,
			request: {
				time: Date.now(),
				method,
				path: sanitizeLine(path),
				status,
				tookMs: milliseconds,
				error: error === null ? null : sanitizeLine(error.message),
			},
		},
	});
	const requests = store.state.proxy.listeners.find(one => one.id === id)?.requests ?? 0;
	store.data({
		type: 'dock',
		event: {type: 'change', id, to: {figures: `${formatQuantity(requests, 'request')} · ${status} ${Math.round(milliseconds)} ms`}},
	});
}

/** Asks first: whoever uses it is cut off. */
export async function stopListener(session: Session, id: string): Promise<void> {
	const {store} = session;
	const state = store.state.proxy.listeners.find(one => one.id === id);
	if (
		!state ||
		!(await session.ask(`Stop the listener on ${state.address}?`, [
			`${formatQuantity(state.requests, 'request')} so far. Whoever uses it is cut off.`,
		]))
	) {
		return;
	}

	end(session, id);
	store.now({type: 'proxy', event: {type: 'stopped', id}});
	store.now({type: 'dock', event: {type: 'close', id}});
	session.tell(`the listener on ${state.address} is stopped`);
}

/** Ends all of them: the session is left. */
export function closeListeners(session: Session): void {
	for (const id of listenersOf(session).keys()) {
		end(session, id);
	}
}

function end(session: Session, id: string): void {
	listenersOf(session).get(id)?.close();
	listenersOf(session).delete(id);
}

function portOf(address: string): string {
	return address.slice(address.lastIndexOf(':') + 1);
}

function sentence(words: string): string {
	return words.charAt(0).toUpperCase() + words.slice(1);
}

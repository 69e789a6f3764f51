/** Handlers of the proxy view. */
import {formatBody} from './format-body.ts';
import {describeMissingResponse} from '../../descriptions/describe-proxy.ts';
import {type ProxyExchange, selectedExchange, selectedListener} from './proxy-state.ts';
import type {TextLine} from '../frame/session-state.ts';
import {parseProxyTarget} from '../../targets/proxy-target.ts';
import {formatBytes} from '../../text/formats.ts';
import {quoteForShell} from '../../text/escaping.ts';
import {errorLines} from '../why/why.tsx';
import {sanitizeLine} from '../../text/sanitize.ts';
import {podPortNames, proxyNames} from '../dialogs/completion-names.ts';
import type {ClusterTarget, Handlers, Session} from '../frame/session.ts';
import {showView} from '../lists/list-handlers.ts';
import {scriptFlags} from '../clusters/script-flags.ts';
import {selectedTarget, typedTarget} from '../lists/selection.ts';
import {openText} from '../text/open-text.ts';
import {stopListener} from './listener-handlers.ts';
import {sendRequest} from './send-request.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

export const proxyHandlers = {
	'list/proxy': async session => openSelectedTarget(session),
	'proxy/edit': editRequest,
	'proxy.method'({store}) {
		const {method} = store.state.proxy;
		store.dispatchNow({type: 'proxy', event: {type: 'set', to: {method: methods[(methods.indexOf(method) + 1) % methods.length]!}}});
	},
	async 'proxy.resend'(session) {
		const exchange = selectedExchange(session.store.state.proxy);
		const cluster = session.clusters.get(exchange?.context ?? '');
		if (exchange && cluster) {
			await sendRequest(session, exchange.method, {cluster, namespace: exchange.namespace, target: exchange.asked});
		} else {
			session.showMessage('no request is selected');
		}
	},
	async 'proxy/stop'(session) {
		const {proxy} = session.store.state;
		const listener = selectedListener(proxy);
		const exchange = selectedExchange(proxy);
		if (listener) {
			await stopListener(session, listener.id);
		} else if (exchange && session.work.get('request', exchange.id)) {
			await session.work.end(exchange.id);
		} else if (exchange) {
			session.showMessage('the request has already ended');
		}
	},
	'proxy.headers'({store}) {
		store.dispatchNow({type: 'proxy', event: {type: 'set', to: {headers: !store.state.proxy.headers}}});
	},
	'proxy/json'({store}) {
		store.dispatchNow({type: 'proxy', event: {type: 'set', to: {json: !store.state.proxy.json}}});
	},
	'proxy/copy'(session) {
		const exchange = selectedExchange(session.store.state.proxy);
		const cluster = session.clusters.get(exchange?.context ?? '');
		if (exchange && cluster) {
			session.copy(
				`spoke proxy -n ${quoteForShell(exchange.namespace)} ${exchange.method.toLowerCase()} ${quoteForShell(exchange.asked)}${scriptFlags(session, cluster)}`,
				'the command',
			);
		}
	},
} satisfies Handlers;

async function openSelectedTarget(session: Session): Promise<void> {
	const selected = selectedTarget(session);
	if (selected) {
		const target = `${selected.target}${selected.target.startsWith('node/') ? '/' : ':'}`;
		showView(session, 'proxy');
		session.store.dispatchNow({type: 'proxy', event: {type: 'set', to: {request: target, method: 'GET'}}});
		await edit(session, {...selected, target});
	}
}

export async function sendTypedRequest(session: Session, request: ClusterTarget): Promise<void> {
	showView(session, 'proxy');
	session.store.dispatchNow({type: 'proxy', event: {type: 'set', to: {request: request.target, method: 'GET'}}});
	await sendRequest(session, 'GET', request);
}

export async function openResponse(session: Session): Promise<void> {
	const exchange = selectedExchange(session.store.state.proxy);
	if (exchange) {
		openResponseText(session, exchange);
	} else {
		await editRequest(session);
	}
}

async function editRequest(session: Session): Promise<void> {
	const {request} = session.store.state.proxy;
	await edit(session, typedTarget(session, request === '' ? 'svc/' : request));
}

async function edit(session: Session, request: ClusterTarget): Promise<void> {
	const {proxy} = session.store.state;
	const asked = new Set<string>();
	const begun = request.target;
	const offerPorts = (text: string) => {
		const pod = /^pod\/(?:https?:)?([^:/]+):$/.exec(text)?.[1];
		if (pod !== undefined && !asked.has(pod)) {
			asked.add(pod);
			void offerNames(session, podPortNames(request, pod), begun);
		}
	};

	void offerNames(session, proxyNames(session, request), begun);
	offerPorts(begun);
	const answer = await session.promptForText({
		lead: session.store.state.others.length === 0 ? `${proxy.method} ` : `${proxy.method} on ${request.cluster.context} `,
		purpose: 'proxy',
		text: begun,
		accept: 'send',
		waits: 'reading names …',
		onChange: offerPorts,
		check(text) {
			try {
				parseProxyTarget(text);
				return null;
			} catch (error) {
				return (error as Error).message;
			}
		},
	});
	if (answer !== null && answer.text !== '') {
		session.store.dispatchNow({type: 'proxy', event: {type: 'set', to: {request: answer.text}}});
		await sendRequest(session, proxy.method, {...request, target: answer.text});
	}
}

/** Appends the first port of a target unless the user typed meanwhile. */
async function offerNames(session: Session, names: Promise<readonly string[]>, begun: string): Promise<void> {
	const known = await names;
	const first = known.find(name => /:\d+\/$/.test(name) && name.replace(/^(\w+\/)https?:/, '$1').startsWith(begun));
	session.offer('proxy', known, begun.endsWith(':') && first !== undefined ? {from: begun, to: first} : undefined);
}

function openResponseText(session: Session, exchange: ProxyExchange): void {
	const {method, asked, status, body, type, bytes} = exchange;
	openText(session, {
		title: status === null ? describeMissingResponse(exchange) : String(status),
		subject: `${method} ${asked}`,
		status: `${type.split(';')[0] ?? ''} ${formatBytes(bytes)}`.trim(),
		copy: body,
		lines: [
			...(exchange.isCanceled === true ? [{text: exchange.note, role: 'notice.warn'} as const] : []),
			...(exchange.error ? errorLines(exchange.error, ['where', 'code']) : []),
			...headerLines(exchange),
			...(body === '' ? [] : [{text: 'Body', rule: true} as const]),
			...formatBody(body, {readable: session.store.state.proxy.json})
				.split('\n')
				.map((text): TextLine => ({text, asIs: true})),
		],
	});
}

function headerLines({headers}: ProxyExchange): TextLine[] {
	const wide = Math.max(...headers.map(([name]) => name.length + 2));
	return headers.map(([name, value]) => ({label: `${sanitizeLine(name)}:`.padEnd(wide), text: sanitizeLine(value), role: 'text.dim'}));
}

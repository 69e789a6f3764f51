/** Handlers of the proxy view, which send typed requests. */
import {type AccessClass, isAccessAllowed, proxyAccess} from '../actions/access.ts';
import {rejectOnAbort} from '../../base/async/clock.ts';
import {describeCanceledRequest, describeMissingResponse, tlsBackendFix} from '../../report/descriptions/describe-proxy.ts';
import {isSpokeError, toSpokeError} from '../../base/errors/spoke-error.ts';
import type {ConnectionObserver} from '../../streams/connection-observer.ts';
import {type ProxyResponse, sendProxyRequest} from '../../streams/proxy/proxy-request.ts';
import {runsKubeletCommands} from '../../streams/proxy/request-path.ts';
import {type ResolvedProxyTarget, resolveProxyTarget} from '../../streams/proxy/resolve-proxy-target.ts';
import {truncatedResponseError} from '../../streams/proxy/response-origin.ts';
import {parseProxyTarget, type ProxyTarget} from '../../cluster/targets/proxy-target.ts';
import {type ProxyExchange, selectedExchange, selectedListener} from './proxy-state.ts';
import {formatBody} from './proxy.tsx';
import {formatBytes} from '../../base/text/formats.ts';
import {quoteForShell} from '../../base/text/escaping.ts';
import {sanitizeLine} from '../../base/text/sanitize.ts';
import type {ClusterTarget, Handlers, Session, OpenCluster} from '../frame/session.ts';
import {scriptFlags} from '../clusters/open-clusters.ts';
import {podPortNames, proxyNames} from '../dialogs/completion-names.ts';
import {CanceledError} from '../dialogs/type-ahead.ts';
import type {TextLine} from '../frame/session-state.ts';
import {showView} from '../lists/list-handlers.ts';
import {onSelected, typedTarget} from '../lists/selection.ts';
import {openText} from '../text/text-handlers.ts';
import {errorLines} from '../why/why.ts';
import {stopListener} from './listener-handlers.ts';

const responseTimeoutMs = 60_000;
const labelMs = 30_000;

type Typed = {method: string; asked: string; cluster: OpenCluster; namespace: string; target: ProxyTarget};

const maxBodyBytes = 1024 * 1024;
const maxReadMs = 30_000;
const showMs = 250;

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

export const proxyHandlers = {
	'list/proxy': onSelected(openTarget),
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

async function openTarget(session: Session, selected: ClusterTarget): Promise<void> {
	const target = `${selected.target}${selected.target.startsWith('node/') ? '/' : ':'}`;
	showView(session, 'proxy');
	session.store.dispatchNow({type: 'proxy', event: {type: 'set', to: {request: target, method: 'GET'}}});
	await edit(session, {...selected, target});
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
	await edit(session, typedTarget(session, request));
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
			...(exchange.error ? errorLines(exchange.error, ['where']) : []),
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

/** Confirms requests that may change something. @throws CanceledError when canceled before the target was found */
async function sendRequest(session: Session, method: string, {cluster, namespace, target: asked}: ClusterTarget): Promise<void> {
	const {store} = session;
	let exchange: ProxyExchange = {
		id: session.nextId('request'),
		time: Date.now(),
		method,
		asked,
		context: cluster.context,
		namespace,
		status: null,
		tookMs: null,
		bytes: 0,
		note: '',
		headers: [],
		type: '',
		body: '',
		path: null,
		error: null,
	};
	const show = (to: Partial<ProxyExchange>) => {
		exchange = {...exchange, ...to};
		if (session.shown.includes(cluster)) {
			store.dispatchNow({type: 'proxy', event: {type: 'exchange', exchange}});
		}
	};

	const {id} = exchange;
	const abort = new AbortController();
	let began = performance.now();
	let access: AccessClass = 'read';
	let onEnded = () => {};
	try {
		const target = parseProxyTarget(asked);
		const resolved = await resolveTyped(session, {method, asked, cluster, namespace, target});
		access = accessOf({method, target}, resolved);
		if (!(await confirmSend(session, {method, asked}, access))) {
			return;
		}

		// Exclude the time of the confirmation.
		began = performance.now();
		onEnded = session.work.start('request', id, {
			stop() {
				abort.abort();
			},
		});
		show({time: Date.now()});
		const note = await answerOf(cluster, resolved, {method, path: target.path}, {show, signal: abort.signal});
		show({note, tookMs: performance.now() - began});
	} catch (thrown) {
		if (thrown instanceof CanceledError) {
			throw thrown;
		}

		const tookMs = performance.now() - began;
		if (abort.signal.aborted) {
			show({tookMs, isCanceled: true, note: describeCanceledRequest({isSent: exchange.isSent === true, isReadOnly: access === 'read'})});
			return;
		}

		const error = toSpokeError(thrown);
		show({tookMs, error: error.toJSON(), note: error.message});
	} finally {
		onEnded();
	}
}

async function resolveTyped(session: Session, {method, asked, cluster, namespace, target}: Typed): Promise<ResolvedProxyTarget> {
	const resolve = async () => resolveProxyTarget(cluster.access, target, namespace);
	const needsConfirmation = proxyAccess({method, runsCommands: runsKubeletCommands(target.path), websocket: false}) !== 'read';
	return needsConfirmation ? session.typeAhead.during({description: `looking up ${asked}`}, resolve) : resolve();
}

function accessOf({method, target}: Pick<Typed, 'method' | 'target'>, {purpose}: ResolvedProxyTarget): AccessClass {
	return proxyAccess({method, runsCommands: purpose.feature === 'node-proxy' && runsKubeletCommands(target.path), websocket: false});
}

async function confirmSend(session: Session, {method, asked}: Pick<Typed, 'method' | 'asked'>, access: AccessClass): Promise<boolean> {
	if (!isAccessAllowed(access, {readOnly: session.readOnly})) {
		session.showMessage(`${method}: disabled, --read-only is set`, 'warn');
		return false;
	}

	return access === 'read' || session.ask(`Send ${method} to ${asked}?`);
}

/** Returns the note. @throws the reason of the signal, or the error of a truncated body */
async function answerOf(
	{access, labeler}: OpenCluster,
	resolved: ResolvedProxyTarget,
	{method, path}: {method: string; path: string},
	{show, signal}: {show: (part: Partial<ProxyExchange>) => void; signal: AbortSignal},
): Promise<string> {
	let current: string | undefined;
	const stopLabels = labeler.onLabel((connection, label) => {
		if (connection === current) {
			show({path: label.path});
		}
	});
	const observer: ConnectionObserver = {
		...labeler.observer,
		async beforeUse(connection, purpose) {
			current = connection.id;
			try {
				await labeler.observer.beforeUse?.(connection, purpose);
			} finally {
				if (!signal.aborted) {
					show({isSent: true});
				}
			}
		},
		onOpened(connection, purpose, about) {
			current = connection.id;
			labeler.observer.onOpened?.(connection, purpose, about);
		},
		onFailed(connection, purpose, error) {
			current = connection?.id ?? current;
			labeler.observer.onFailed?.(connection, purpose, error);
		},
	};
	try {
		const answer = await rejectOnAbort(
			async () => sendProxyRequest(access, resolved, {method, path, headers: {}, timeoutMs: responseTimeoutMs}, {observer, signal}),
			signal,
		);
		const headers = Object.entries(answer.headers).flatMap(([name, value]) => [value ?? ''].flat().map(one => [name, one] as const));
		show({status: answer.status, headers, type: answer.headers['content-type'] ?? ''});
		const {pieces, cut} = await readResponse(answer, soFar => {
			show({bytes: soFar.reduce((sum, {length}) => sum + length, 0), body: Buffer.concat(soFar).toString('utf8')});
		});
		return cut ?? tlsBackendFix(answer.status, String(pieces[0])) ?? '';
	} finally {
		// The label can change after the response.
		setTimeout(stopLabels, labelMs).unref();
	}
}

/**
Stops at a size and a time limit; `cut` tells the user.
@throws SpokeError ERR_STREAM_LOST for a truncated body
*/
async function readResponse(
	{bodyStart: begun, body}: ProxyResponse,
	onMore: (pieces: readonly Buffer[]) => void,
): Promise<{pieces: readonly Buffer[]; cut: string | null}> {
	const pieces = [begun];
	let bytes = begun.length;
	let shown = 0;
	let isLate = false;
	const showing = setInterval(() => {
		if (pieces.length > shown) {
			shown = pieces.length;
			onMore(pieces);
		}
	}, showMs);
	const limit = setTimeout(() => {
		isLate = true;
		body.destroy();
	}, maxReadMs);
	try {
		for await (const piece of body as AsyncIterable<Buffer>) {
			bytes += piece.length;
			pieces.push(piece);
			if (bytes > maxBodyBytes) {
				return {pieces, cut: 'only the first MiB was read'};
			}
		}
	} catch (error) {
		if (!isLate) {
			throw isSpokeError(error) ? error : truncatedResponseError(error);
		}
	} finally {
		clearInterval(showing);
		clearTimeout(limit);
		body.destroy();
		onMore(pieces);
	}

	return {pieces, cut: isLate ? `only the first ${maxReadMs / 1000} s were read` : null};
}

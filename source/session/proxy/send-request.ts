/** Sends a typed proxy request. */
import {rejectOnAbort} from '../../async/abortable.ts';
import {type AccessClass, isAccessAllowed, proxyAccess} from '../../actions/access.ts';
import {describeCanceledRequest, tlsBackendFix} from '../../descriptions/describe-proxy.ts';
import {isSpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import type {ProxyExchange} from './proxy-state.ts';
import type {ConnectionObserver} from '../../streams/connection-observer.ts';
import {runsKubeletCommands} from '../../streams/proxy/request-path.ts';
import {type ProxyResponse, sendProxyRequest} from '../../streams/proxy/proxy-request.ts';
import {type ResolvedProxyTarget, resolveProxyTarget} from '../../streams/proxy/resolve-proxy-target.ts';
import {truncatedResponseError} from '../../streams/proxy/truncated-response.ts';
import {parseProxyTarget, type ProxyTarget} from '../../targets/proxy-target.ts';
import {CanceledError} from '../dialogs/type-ahead.ts';
import type {ClusterTarget, OpenCluster, Session} from '../frame/session.ts';

const responseTimeoutMs = 60_000;
const labelMs = 30_000;

/** Confirms requests that may change something. @throws CanceledError when canceled before the target was found */
export async function sendRequest(session: Session, method: string, {cluster, namespace, target: asked}: ClusterTarget): Promise<void> {
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

type Typed = {method: string; asked: string; cluster: OpenCluster; namespace: string; target: ProxyTarget};

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

const maxBodyBytes = 1024 * 1024;
const maxReadMs = 30_000;
const showMs = 250;

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

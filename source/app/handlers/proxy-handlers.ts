/** Proxy requests: typed with names and ports offered, sent by the apiserver's proxy, shown with the leg they took. */
import {proxyAccess} from '../../actions/proxy-access.ts';
import {mayDo} from '../../actions/access.ts';
import {shellWord} from '../../text/shell-word.ts';
import {asSpokeError, SpokeError} from '../../errors/spoke-error.ts';
import type {ConnectionWitness} from '../../sessions/connection-witness.ts';
import {runsKubeletCommands} from '../../sessions/proxy/command-path.ts';
import {cutAnswer} from '../../sessions/proxy/cut-answer.ts';
import {sendProxyRequest, type ProxyAnswer} from '../../sessions/proxy/proxy-request.ts';
import {resolveProxyTarget, type ResolvedProxyTarget} from '../../sessions/proxy/resolve-proxy-target.ts';
import {shownBody} from '../../state/proxy-body.ts';
import {exchangeHere, unansweredTitle, type ProxyExchange} from '../../state/proxy-state.ts';
import {parseProxyTarget, type ProxyTarget} from '../../targets/proxy-target.ts';
import {namespaceHere, type TextLine} from '../../state/session-state.ts';
import {sanitiseLine} from '../../text/sanitise-line.ts';
import {showBytes} from '../../text/show-bytes.ts';
import type {OpenCluster, Session} from '../session.ts';
import {GivenUp} from '../keys/typed-ahead.ts';
import {openText} from '../texts/open-text.ts';
import {targetHere} from './cursor.ts';
import {podPortNames, proxyNames} from './offered-names.ts';
import type {Handlers} from './handler.ts';
import {showView} from './list-handlers.ts';
import {scriptFlags} from './script-flags.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
/** More of a body is not kept. */
const mostBody = 1024 * 1024;
const answerMs = 60_000;
const mostMs = 30_000;
const showMs = 250;
const labelMs = 30_000;

export const proxyHandlers: Handlers = {
	'pods.proxy': async session => openHere(session),
	'services.proxy': async session => openHere(session),
	'nodes.proxy': async session => openHere(session),
	'proxy.edit': edit,
	'proxy.method'({store}) {
		const {method} = store.state.proxy;
		store.now({type: 'proxy', event: {type: 'set', to: {method: methods[(methods.indexOf(method) + 1) % methods.length]!}}});
	},
	async 'proxy.again'(session) {
		const exchange = exchangeHere(session.store.state.proxy);
		if (exchange) {
			await send(session, exchange.method, exchange.asked);
		}
	},
	'proxy.headers'({store}) {
		store.now({type: 'proxy', event: {type: 'set', to: {headers: !store.state.proxy.headers}}});
	},
	'proxy.json'({store}) {
		store.now({type: 'proxy', event: {type: 'set', to: {json: !store.state.proxy.json}}});
	},
	'proxy.copy-command'(session) {
		const {proxy, cluster} = session.store.state;
		const exchange = exchangeHere(proxy);
		if (exchange) {
			session.copy(`spoke proxy -n ${shellWord(namespaceHere(cluster))} ${exchange.method.toLowerCase()} ${shellWord(exchange.asked)}${scriptFlags(session, session.cluster)}`, 'the command');
		}
	},
};

async function openHere(session: Session): Promise<void> {
	const here = targetHere(session);
	if (here) {
		showView(session, 'proxy');
		session.store.now({type: 'proxy', event: {type: 'set', to: {request: `${here.target}${here.target.startsWith('node/') ? '/' : ':'}`, method: 'GET'}}});
		await edit(session);
	}
}

/** A request that was typed whole. */
export async function sendTyped(session: Session, asked: string): Promise<void> {
	showView(session, 'proxy');
	session.store.now({type: 'proxy', event: {type: 'set', to: {request: asked, method: 'GET'}}});
	await send(session, 'GET', asked);
}

/** The answer under the cursor by itself, to scroll in; without one a request is typed. */
export async function openAnswer(session: Session): Promise<void> {
	const {store} = session;
	const exchange = exchangeHere(store.state.proxy);
	if (!exchange) {
		await edit(session);
		return;
	}

	const {method, asked, status, body, type, bytes} = exchange;
	openText(session, {
		title: status === null ? unansweredTitle(exchange) : String(status), subject: `${method} ${asked}`, right: `${type.split(';')[0] ?? ''} ${showBytes(bytes)}`.trim(), copy: body,
		lines: [
			...errorLines(exchange),
			...headerLines(exchange),
			...body === '' ? [] : [{text: 'Body', rule: true} as const],
			...shownBody(body, {readable: store.state.proxy.json}).split('\n').map((text): TextLine => ({text, asIs: true})),
		],
	});
}

function errorLines({error}: ProxyExchange): TextLine[] {
	if (!error) {
		return [];
	}

	const {message, text, remedy} = error;
	return [
		{text: message, role: 'state.failed'},
		...text === null ? [] : [{label: 'text', text: sanitiseLine(text)}],
		...remedy === null ? [] : [{label: 'try', text: remedy, role: 'focus'}],
	];
}

function headerLines({headers}: ProxyExchange): TextLine[] {
	const wide = Math.max(...headers.map(([name]) => name.length + 2));
	return headers.map(([name, value]) => ({label: `${sanitiseLine(name)}:`.padEnd(wide), text: sanitiseLine(value), role: 'text.dim'}));
}

async function edit(session: Session): Promise<void> {
	const {proxy} = session.store.state;
	const asked = new Set<string>();
	const begun = proxy.request === '' ? 'svc/' : proxy.request;
	const offerPorts = (text: string) => {
		const pod = /^pod\/(?:https?:)?([^:/]+):$/.exec(text)?.[1];
		if (pod !== undefined && !asked.has(pod)) {
			asked.add(pod);
			void offerNames(session, podPortNames(session, pod), begun);
		}
	};

	void offerNames(session, proxyNames(session), begun);
	offerPorts(begun);
	const answer = await session.type({
		lead: `${proxy.method} `, purpose: 'proxy', text: begun, accept: 'send', waits: 'reading names …', onChange: offerPorts,
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
		session.store.now({type: 'proxy', event: {type: 'set', to: {request: answer.text}}});
		await send(session, proxy.method, answer.text);
	}
}

/** A target without a port gets its first one, unless something was typed meanwhile. */
async function offerNames(session: Session, names: Promise<readonly string[]>, begun: string): Promise<void> {
	const known = await names;
	const first = known.find(name => /:\d+\/$/.test(name) && name.replace(/^(\w+\/)https?:/, '$1').startsWith(begun));
	session.offer('proxy', known, begun.endsWith(':') && first !== undefined ? {from: begun, to: first} : undefined);
}

let exchanges = 0;

async function send(session: Session, method: string, asked: string): Promise<void> {
	const {store, cluster} = session;
	const {namespace} = store.state.cluster;
	let exchange: ProxyExchange = {id: ++exchanges, time: Date.now(), method, asked, status: null, tookMs: null, bytes: 0, note: '', headers: [], type: '', body: '', path: null, error: null};
	const show = (to: Partial<ProxyExchange>) => {
		exchange = {...exchange, ...to};
		// Elsewhere the same words would be another request.
		if (session.cluster === cluster && store.state.cluster.namespace === namespace) {
			store.now({type: 'proxy', event: {type: 'exchange', exchange}});
		}
	};

	let began = performance.now();
	try {
		const target = parseProxyTarget(asked);
		const resolved = await resolveTyped(session, {method, asked, target});
		if (!await maySend(session, {method, asked, target}, resolved)) {
			return;
		}

		// How long a person thinks about it is not how long it takes.
		began = performance.now();
		show({time: Date.now(), isSent: true});
		const note = await answerOf(cluster, resolved, {method, path: target.path}, show);
		show({note, tookMs: performance.now() - began});
	} catch (thrown) {
		if (thrown instanceof GivenUp) {
			throw thrown;
		}

		const error = asSpokeError(thrown);
		show({tookMs: performance.now() - began, error: error.toJSON(), note: error.message});
	}
}

/** `asked` as it was typed. */
type Typed = {method: string; asked: string; target: ProxyTarget};

/** Only what may be asked about first is waited for with the keys held. */
async function resolveTyped(session: Session, {method, asked, target}: Typed): Promise<ResolvedProxyTarget> {
	const resolve = async () => resolveProxyTarget(session.cluster.access, target, namespaceHere(session.store.state.cluster));
	const mayAsk = proxyAccess({method, runsCommands: runsKubeletCommands(target.path), websocket: false}) !== 'read';
	return mayAsk ? session.typedAhead.during({what: `looking for ${asked}`}, resolve) : resolve();
}

async function maySend(session: Session, {method, asked, target}: Typed, {purpose}: ResolvedProxyTarget): Promise<boolean> {
	const access = proxyAccess({method, runsCommands: purpose.feature === 'node-proxy' && runsKubeletCommands(target.path), websocket: false});
	if (!mayDo(access, {readOnly: session.readOnly})) {
		session.tell(`${method}: off, --read-only is set`, 'warn');
		return false;
	}

	return access === 'read' || session.ask(`Send ${method} to ${asked}?`);
}

/** What came back, as its row shows it: `show` hears each part as it comes, the label of the connection also some time after the answer. Gives what is to be said of it. */
async function answerOf({access, labeller}: OpenCluster, resolved: ResolvedProxyTarget, {method, path}: {method: string; path: string}, show: (part: Partial<ProxyExchange>) => void): Promise<string> {
	const ids = new Set<string>();
	const stopLabels = labeller.onLabel((connection, label) => {
		if (ids.has(connection)) {
			show({path: label});
		}
	});
	const witness: ConnectionWitness = {...labeller.witness, async beforeUse(connection, purpose) {
		ids.add(connection.id);
		await labeller.witness.beforeUse?.(connection, purpose);
	}};
	try {
		const answer = await sendProxyRequest(access, resolved, {method, path, headers: {}, timeoutMs: answerMs}, {witness});
		const headers = Object.entries(answer.headers).flatMap(([name, value]) => [value ?? ''].flat().map(one => [name, one] as const));
		show({status: answer.status, headers, type: answer.headers['content-type'] ?? ''});
		const {pieces, cutAt} = await piecesOf(answer, soFar => {
			show({bytes: soFar.reduce((sum, {length}) => sum + length, 0), body: Buffer.concat(soFar).toString('utf8')});
		});
		return cutAt === null ? hint(answer.status, pieces) : `only the first ${cutAt} read`;
	} finally {
		// The label settles some time after the answer, later where the apiserver is slow.
		setTimeout(stopLabels, labelMs).unref();
	}
}

/** The body, no further than what is kept, and no longer than a person waits: one that streams has no end. `onMore` hears what there is so far. @throws SpokeError ERR_STREAM_LOST when it was cut */
async function piecesOf({begun, body}: ProxyAnswer, onMore: (pieces: readonly Buffer[]) => void): Promise<{pieces: readonly Buffer[]; cutAt: string | null}> {
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
	}, mostMs);
	try {
		for await (const piece of body as AsyncIterable<Buffer>) {
			bytes += piece.length;
			pieces.push(piece);
			if (bytes > mostBody) {
				return {pieces, cutAt: 'MiB was'};
			}
		}
	} catch (error) {
		if (!isLate) {
			throw error instanceof SpokeError ? error : cutAnswer(error);
		}
	} finally {
		clearInterval(showing);
		clearTimeout(limit);
		body.destroy();
		onMore(pieces);
	}

	return {pieces, cutAt: isLate ? `${mostMs / 1000} s were` : null};
}

function hint(status: number, pieces: readonly Buffer[]): string {
	return status === 400 && String(pieces[0]).includes('Client sent an HTTP request to an HTTPS server') ? 'try https: before the name' : '';
}

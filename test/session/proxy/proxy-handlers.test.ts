/** The row of a proxy request. */
import type {IncomingMessage, ServerResponse} from 'node:http';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import {proxyHandlers} from '../../../source/session/proxy/proxy-handlers.ts';
import {RunningWork} from '../../../source/session/frame/session.ts';
import {Store} from '../../../source/session/frame/store.ts';
import type {ClusterClient} from '../../../source/cluster/cluster-client.ts';
import type {Path} from '../../../source/evidence/evidence.ts';
import type {Labeler} from '../../../source/evidence/connection-labeler.ts';
import {selectedExchange, type ProxyExchange} from '../../../source/session/proxy/proxy-state.ts';
import {emptySession} from '../../../source/session/frame/session-state.ts';
import {startServer} from '../../support/api-server.ts';
import {fakeSession} from '../../support/fake-session.ts';
import {until} from '../../support/until.ts';

async function reach(t: ExecutionContext, request: (request: IncomingMessage, response: ServerResponse) => void) {
	const server = await startServer({request});
	t.teardown(async () => server.close());
	return server.cluster();
}

function asksAgain(
	access: ClusterClient,
	{
		method,
		ask,
		drawn,
		labeler = {observer: {}, onLabel: () => () => {}},
	}: {
		method: string;
		ask: () => Promise<boolean>;
		drawn?: (exchange: ProxyExchange | null) => void;
		labeler?: Pick<Labeler, 'observer' | 'onLabel'>;
	},
) {
	const store = new Store(
		emptySession(clusterState(access), {columns: 80, rows: 24}, 0),
		() => drawn?.(selectedExchange(store.state.proxy)),
		() => 0,
	);
	const before: ProxyExchange = {
		id: 'request-0',
		time: 0,
		method,
		asked: 'svc/web:80/',
		context: 'main',
		namespace: 'shop',
		status: 200,
		tookMs: 1,
		bytes: 0,
		note: '',
		headers: [],
		type: '',
		body: '',
		path: null,
		error: null,
	};
	store.dispatchNow({type: 'proxy', event: {type: 'exchange', exchange: before}});
	const typeAhead = {during: async (_what: unknown, work: () => Promise<unknown>) => work()};
	const told: string[] = [];
	const cluster = {access, labeler, context: 'main'};
	const session = fakeSession({
		store,
		typeAhead,
		ask,
		showMessage: (text: string) => told.push(text),
		readOnly: false,
		work: new RunningWork(),
		nextId: () => 'request-1',
		cluster,
		shown: [cluster],
		clusters: new Map([['main', cluster]]),
	});
	return {
		async again() {
			await proxyHandlers['proxy.resend'](session);
			return selectedExchange(store.state.proxy);
		},
		stop() {
			void proxyHandlers['proxy/stop'](session);
		},
		here: () => selectedExchange(store.state.proxy),
		store,
		told,
	};
}

test('requests stay when the namespace is switched, and are resent in their own', async t => {
	const urls: string[] = [];
	const access = await reach(
		t,
		aService((request, response) => {
			urls.push(request.url!);
			response.end('x');
		}),
	);
	const {again, store} = asksAgain(access, {method: 'GET', ask: async () => true});
	store.dispatchNow({type: 'switch', cluster: {...store.state.cluster, namespace: 'other'}});
	t.is(store.state.proxy.exchanges.length, 1);
	t.is((await again())?.namespace, 'shop');
	t.regex(urls.join(' '), /^\/api\/v1\/namespaces\/shop\/services\/web:80\/proxy\/$/);
	store.dispatchNow({type: 'switch', cluster: {...store.state.cluster, context: 'other'}});
	t.is(store.state.proxy.exchanges.length, 0);
});

test('resend without a request says so', async t => {
	const access = await reach(t, (_request, response) => response.end());
	const {again, store, told} = asksAgain(access, {method: 'GET', ask: async () => true});
	store.dispatchNow({type: 'switch', cluster: {...store.state.cluster, context: 'other'}});
	await again();
	t.deepEqual(told, ['no request is selected']);
});

function aService(behind: (request: IncomingMessage, response: ServerResponse) => void) {
	return (request: IncomingMessage, response: ServerResponse) => {
		if (request.url!.includes('/proxy')) {
			behind(request, response);
		} else {
			response.end(JSON.stringify({metadata: {name: 'web', uid: 's'}, spec: {ports: [{name: 'http', port: 80}]}}));
		}
	};
}

for (const answers of [true, false]) {
	test(`a row shows the path of the connection of its request, ${answers ? 'answered' : 'lost'}, not of a slow probe`, async t => {
		const access = await reach(
			t,
			aService((_request, response) => {
				if (answers) {
					response.end('x');
				} else {
					response.destroy();
				}
			}),
		);
		let tell: Parameters<Labeler['onLabel']>[0] = () => {};
		const path = (connection: string) => ({connection}) as unknown as Path;
		const carried = Promise.withResolvers<string>();
		const given: string[] = [];
		const {again, here} = asksAgain(access, {
			method: 'GET',
			ask: async () => true,
			labeler: {
				onLabel(listener) {
					tell = listener;
					return () => {};
				},
				observer: {
					async beforeUse(connection) {
						given.push(connection.id);
						connection.close();
					},
					onOpened(connection) {
						carried.resolve(connection.id);
					},
					onFailed(connection) {
						carried.resolve(connection!.id);
					},
				},
			},
		});
		await again();
		const id = await carried.promise;
		t.false(given.includes(id));
		for (const connection of [...given, id, ...given]) {
			tell(connection, {phase: 'checking', about: 'open-connection', path: path(connection)});
		}

		t.deepEqual(here()?.path, path(id));
	});
}

test('a truncated proxy response is reported in its row', async t => {
	const access = await reach(t, (request, response) => {
		if (request.url!.includes('/proxy')) {
			response.writeHead(200, {'content-type': 'text/plain', 'content-length': 100});
			response.write('begun', () => {
				response.destroy();
			});
		} else {
			response.end(JSON.stringify({metadata: {name: 'web', uid: 's'}, spec: {ports: [{name: 'http', port: 80}]}}));
		}
	});
	const {again} = asksAgain(access, {method: 'GET', ask: async () => true});
	const exchange = await again();
	t.is(exchange?.error?.code, 'ERR_STREAM_LOST');
	t.regex(exchange!.note, /the response was truncated/);
});

test('an endless response shows what has arrived so far', async t => {
	const access = await reach(t, (request, response) => {
		if (request.url!.includes('/proxy')) {
			response.writeHead(200, {'content-type': 'text/plain'});
			response.write('tick 1\n');
		} else {
			response.end(JSON.stringify({metadata: {name: 'web', uid: 's'}, spec: {ports: [{name: 'http', port: 80}]}}));
		}
	});
	const rows: Array<ProxyExchange | null> = [];
	const {again} = asksAgain(access, {method: 'GET', ask: async () => true, drawn: exchange => rows.push(exchange)});
	void again();
	await until(() => rows.at(-1)?.body === 'tick 1\n', rows);

	t.like(rows.at(-1), {status: 200, tookMs: null, bytes: 7, type: 'text/plain'});
});

test('the time for a confirmation does not count as request time', async t => {
	const access = await reach(t, (_request, response) => {
		response.end(JSON.stringify({metadata: {name: 'web', uid: 's'}, spec: {ports: [{name: 'http', port: 80}]}}));
	});
	let askedMs = 0;
	const {again} = asksAgain(access, {
		method: 'POST',
		async ask() {
			const asked = performance.now();
			await delay(50);
			askedMs = performance.now() - asked;
			return true;
		},
	});
	const began = performance.now();
	const exchange = await again();
	const tookMs = performance.now() - began;
	t.is(exchange?.status, 200);
	t.true(exchange!.tookMs! <= tookMs - askedMs, `${exchange!.tookMs} of ${tookMs}`);
});

for (const {method, says} of [
	{method: 'GET', says: 'canceled'},
	{method: 'POST', says: 'canceled; the request may have taken effect'},
]) {
	test(`a canceled ${method} closes its connection, and its row says “${says}”`, async t => {
		const [came, left] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
		const access = await reach(
			t,
			aService((request, _response) => {
				came.resolve();
				request.socket.once('close', () => {
					left.resolve();
				});
			}),
		);
		const {again, stop} = asksAgain(access, {method, ask: async () => true});
		const sent = again();
		await came.promise;
		stop();
		await left.promise;
		const exchange = await sent;
		t.like(exchange, {status: null, isCanceled: true, isSent: true, note: says, error: null});
		t.true(exchange!.tookMs! > 0);
	});
}

test('a request canceled before it was sent has taken no effect', async t => {
	const access = await reach(
		t,
		aService(() => {
			t.fail('nothing is sent');
		}),
	);
	const dialed = Promise.withResolvers<void>();
	Object.defineProperty(access, 'connect', {
		async value() {
			dialed.resolve();
			return Promise.withResolvers<never>().promise;
		},
	});
	const {again, stop} = asksAgain(access, {method: 'POST', ask: async () => true});
	const sent = again();
	await dialed.promise;
	stop();
	const exchange = await sent;
	t.like(exchange, {status: null, isCanceled: true, note: 'canceled before it was sent', error: null});
	t.is(exchange!.isSent, undefined);
});

test('a canceled response keeps what had arrived', async t => {
	const access = await reach(
		t,
		aService((_request, response) => {
			response.writeHead(200, {'content-type': 'text/plain'});
			response.write('tick 1\n');
		}),
	);
	const {again, stop, here} = asksAgain(access, {method: 'GET', ask: async () => true});
	const sent = again();
	await until(() => here()?.body === 'tick 1\n', here);

	stop();
	t.like(await sent, {status: 200, isCanceled: true, note: 'canceled', bytes: 7, body: 'tick 1\n', error: null});
});

test('a completed request cannot be canceled and stays unchanged', async t => {
	const access = await reach(
		t,
		aService((_request, response) => {
			response.end('hello');
		}),
	);
	const {again, stop, here, told} = asksAgain(access, {method: 'GET', ask: async () => true});
	const answered = await again();
	stop();
	t.is(here(), answered);
	t.deepEqual(told, ['the request has already ended']);
});

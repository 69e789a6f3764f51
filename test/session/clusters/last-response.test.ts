/** The time of the last response. */
import test from 'ava';
import {lastResponseTime, trackResponses} from '../../../source/session/clusters/last-response.ts';
import {ViewFeeds} from '../../../source/session/lists/view-feeds.ts';
import type {OpenCluster} from '../../../source/session/frame/session.ts';
import {type ClusterClient, ClusterRecords, type ApiResponse, type Connection} from '../../../source/cluster/cluster-client.ts';
import {SpokeError} from '../../../source/errors/spoke-error.ts';
import {readAloud} from '../../support/read-aloud.ts';
import {clockTime} from '../../../source/text/formats.ts';
import {manualClock} from '../../support/manual-clock.ts';
import {quietStore} from '../../support/tail-run.ts';

/** Requests queue until a test answers or fails them. */
function apiserver() {
	const clock = manualClock();
	const line: Array<{resolve: (answer: ApiResponse) => void; reject: (error: unknown) => void}> = [];
	const wait = async () =>
		new Promise<ApiResponse>((resolve, reject) => {
			line.push({resolve, reject});
		});
	const state = {tls: true, handshakeAt: () => clock.now()};
	const access = trackResponses(
		{
			facts: {context: 'here'},
			records: new ClusterRecords(),
			request: wait,
			json: wait,
			async connect() {
				return {
					id: 'c',
					facts: {tls: state.tls ? {} : null, connectedAt: new Date(state.handshakeAt()).toISOString()},
					usable: true,
					request: wait,
					pipelined: wait,
					close() {},
				} as unknown as Connection;
			},
		} as unknown as ClusterClient,
		clock,
	);
	const settled: Array<Promise<unknown>> = [];
	return {
		clock,
		access,
		state,
		line,
		ask() {
			settled.push(access.request({path: '/version'}).catch(() => undefined));
		},
		async answer() {
			line.shift()!.resolve({} as ApiResponse);
			await Promise.all(settled);
		},
		async fail(error: unknown) {
			line.shift()!.reject(error);
			await Promise.all(settled);
		},
		get last() {
			return lastResponseTime(access);
		},
	};
}

async function answered() {
	const server = apiserver();
	server.ask();
	await server.answer();
	return {server, at: server.clock.now()};
}

test('requests unanswered for 10 s date earlier facts until one is answered', async t => {
	const {server, at} = await answered();
	await server.clock.advance(60_000);
	t.is(server.last, null, 'nothing was asked');
	server.ask();
	await server.clock.advance(10_000);
	t.is(server.last, null);
	await server.clock.advance(1);
	t.is(server.last, at);
	await server.answer();
	t.is(server.last, null);
});

test('failures without a response count from the first one', async t => {
	const {server, at} = await answered();
	for (let tries = 0; tries < 2; tries++) {
		server.ask();
		await server.clock.advance(5000);
		await server.fail(new SpokeError('ERR_APISERVER_UNREACHABLE', 'TLS handshake timeout'));
	}

	t.is(server.last, null);
	await server.clock.advance(1);
	t.is(server.last, at);
	server.ask();
	await server.answer();
	await server.clock.advance(60_000);
	t.is(server.last, null, 'they were before the answer');
});

test('a slow request dates nothing while a later one is answered, even if it fails', async t => {
	const {server} = await answered();
	const slow = t.throwsAsync(server.access.json({path: '/slow'}));
	const {reject} = server.line.shift()!;
	await server.clock.advance(9000);
	server.ask();
	await server.answer();
	await server.clock.advance(9000);
	t.is(server.last, null);
	reject(new SpokeError('ERR_APISERVER_TIMEOUT', 'too slow'));
	await slow;
	await server.clock.advance(9000);
	t.is(server.last, null);
});

test('a refusal counts as a response', async t => {
	const {server} = await answered();
	await server.clock.advance(1000);
	server.ask();
	await server.clock.advance(9000);
	await server.fail(new SpokeError('ERR_FORBIDDEN', 'not for you'));
	server.ask();
	await server.clock.advance(10_001);
	t.is(server.last, server.clock.now() - 10_001);
});

test('a local failure or a cancellation does not count as a missing response', async t => {
	const {server, at} = await answered();
	for (const error of [new SpokeError('ERR_CREDENTIAL_PLUGIN', 'no'), new DOMException('called off', 'AbortError')]) {
		server.ask();
		await server.clock.advance(5000);
		await server.fail(error);
	}

	await server.clock.advance(60_000);
	t.is(server.last, null);
	server.ask();
	await server.clock.advance(10_001);
	t.is(server.last, at, 'nor is it one');
});

test('only a new TLS handshake counts as a response', async t => {
	for (const [tls, age, isAnswer] of [
		[true, 0, true],
		[true, 500, false],
		[false, 0, false],
	] as const) {
		const {server, at} = await answered();
		server.state.tls = tls;
		server.state.handshakeAt = () => server.clock.now() - age;
		await server.clock.advance(1000);
		server.ask();
		await server.clock.advance(9000);
		await server.access.connect();
		await server.clock.advance(2000);
		t.is(server.last, isAnswer ? null : at);
	}
});

test('requests on an own connection are tracked like the others', async t => {
	const {server, at} = await answered();
	server.state.tls = false;
	const connection = await server.access.connect();
	const asked = connection.pipelined({path: '/flagz'});
	await server.clock.advance(10_001);
	t.is(server.last, at);
	await server.answer();
	await asked;
	t.is(server.last, null);
});

test('an untracked client, or one that never got a response, dates nothing', async t => {
	const server = apiserver();
	server.ask();
	await server.clock.advance(60_000);
	t.is(server.last, null);
	t.is(lastResponseTime({records: new ClusterRecords()}), null);
});

test('each second the screen and a screen reader update the last response time', async t => {
	const {server, at} = await answered();
	const other = await answered();
	const store = quietStore();
	const here = {access: server.access} as OpenCluster;
	let shown = here;
	const feeds = new ViewFeeds(store, {get: () => shown, values: () => [shown].values()});
	t.teardown(() => {
		feeds.stop();
		store.close();
	});
	const read = () => readAloud({...store.state, hasScreenReader: true})[0];
	server.ask();
	await server.clock.advance(10_001);
	t.is(store.state.cluster.asOf, null);
	feeds.tick();
	t.is(store.state.cluster.asOf, at);
	t.is(read(), `, default. No response since ${clockTime(at)}.`);
	shown = {access: other.server.access} as OpenCluster;
	feeds.tick();
	t.is(store.state.cluster.asOf, null);
	shown = here;
	await server.answer();
	feeds.tick();
	t.is(store.state.cluster.asOf, null);
	t.is(read(), ', default.');
});

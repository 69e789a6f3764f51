/** A stream's request that is sent together with the read of its pod. */
import type {IncomingMessage, ServerResponse} from 'node:http';
import {PassThrough, Readable} from 'node:stream';
import {setImmediate as nextTurn, setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import type {ApiResponse, Connection, UpgradeResult} from '../../source/cluster/cluster-client.ts';
import {SpokeError} from '../../source/base/errors/spoke-error.ts';
import type {Path} from '../../source/evidence/evidence.ts';
import {preconnect, SpeculativeConnection} from '../../source/streams/preconnect.ts';
import {connectionArguments, serve} from '../support/api-server.ts';
import {runSpoke, startSpoke} from '../support/run-spoke.ts';
import {until} from '../support/until.ts';

const podPath = '/api/v1/namespaces/default/pods/web';

const runningPod = {
	kind: 'Pod',
	metadata: {name: 'web', namespace: 'default', uid: 'u1'},
	spec: {nodeName: 'n1', containers: [{name: 'app'}]},
	status: {phase: 'Running'},
};

/** z-pages by path. */
const pages: Readonly<Record<string, object>> = {
	'/flagz': {kind: 'Flagz', flags: {v: '2'}},
	'/statusz': {kind: 'Statusz', startTime: '2026-01-01T00:00:00Z'},
};

type Answers = {
	containers?: readonly string[];
	initContainers?: readonly string[];
	annotations?: Record<string, string>;
	/** The pod is told only after the request of the stream has arrived. */
	waits?: boolean;
	closesAfterPod?: boolean;
	/** Also accepts no other connection. */
	stopsAfterPod?: boolean;
	/** Closes the connection at the first request for a log, after the responses to earlier requests. */
	endsAtFirstLog?: boolean;
};

/** Logs hold the name of their container; without one, they are of the only container, or refused. */
async function apiserver(t: ExecutionContext, {containers = ['app'], initContainers = [], annotations = {}, ...how}: Answers) {
	const seen: string[] = [];
	const streamArrived = Promise.withResolvers<void>();
	const named = (names: readonly string[]) => names.map(name => ({name}));
	const {metadata, spec} = runningPod;
	const pod = {
		...runningPod,
		metadata: {...metadata, annotations},
		spec: {...spec, containers: named(containers), initContainers: named(initContainers)},
	};
	const answer = async ({url = '', socket}: IncomingMessage, response: ServerResponse) => {
		const {pathname, searchParams} = new URL(url, 'https://server');
		if (!pathname.startsWith(podPath)) {
			seen.push(pathname);
			const page = pages[pathname];
			response.writeHead(page ? 200 : 404).end(JSON.stringify(page ?? {kind: 'Status'}));
			return;
		}

		seen.push(`${pathname.slice(podPath.length)} ${searchParams.get('container') ?? ''}`.trim());
		if (pathname === podPath) {
			await (how.waits ? streamArrived.promise : undefined);
			response.writeHead(200, how.closesAfterPod ? {Connection: 'close'} : {}).end(JSON.stringify(pod));
			if (how.stopsAfterPod) {
				setTimeout(() => void server.close(), 50);
			}

			return;
		}

		streamArrived.resolve();
		if (how.stopsAfterPod) {
			return;
		}

		if (how.endsAtFirstLog && seen.filter(path => path.startsWith('/log')).length === 1) {
			setTimeout(() => socket.end(), 50);
			return;
		}

		const container = searchParams.get('container') ?? (containers.length === 1 ? containers[0]! : null);
		response.writeHead(container === null ? 400 : 200).end(container === null ? '{"kind":"Status"}' : `of ${container}\n`.repeat(50_000));
	};

	const server = await serve(t, (request, response) => void answer(request, response));
	const connection = await connectionArguments(server);
	const logs = async (...more: readonly string[]) => {
		const {stdout, stderr} = await runSpoke(['logs', 'web', ...more, ...connection]);
		return {printed: [...new Set(stdout.split('\n'))], stderr};
	};

	return {seen, logs, cluster: async () => server.cluster(), connections: server.connections};
}

test('a log is requested before its pod is known', async t => {
	for (const more of [[], ['-c', 'app'], ['--tail=5', '-o', 'json']]) {
		const {seen, logs, connections} = await apiserver(t, {waits: true});
		const {printed} = await logs(...more);
		t.true(printed[0]!.includes('of app'));
		t.is(seen.length, 2);
		t.is(connections(), 1);
	}
});

test('a pod of several containers has its log requested again on the same connection', async t => {
	const {seen, logs, connections} = await apiserver(t, {containers: ['app', 'proxy']});
	t.deepEqual(await logs(), {printed: ['of app', ''], stderr: 'Defaulted container "app" out of: app, proxy\n'});
	t.deepEqual(seen, ['', '/log', '/log app']);
	t.is(connections(), 1);
});

const ofPrepare = {initContainers: ['prepare'], annotations: {'kubectl.kubernetes.io/default-container': 'prepare'}};
const itsPath = ['', '/flagz', '/statusz', '/api/v1/namespaces/default/configmaps/kube-root-ca.crt'];

for (const [title, answers, flags, container, expected, leastConnections] of [
	['a log that is not of the default container is not printed', ofPrepare, [], 'prepare', ['', '/log', '/log prepare'], 1],
	[
		'a log is requested again when the server closes the connection after the pod',
		{closesAfterPod: true},
		[],
		'app',
		['', '/log', '/log app'],
		2,
	],
	['with --path, a log is requested early, after the reads for its path', {waits: true}, ['--path=always'], 'app', [...itsPath, '/log'], 1],
	[
		'a new connection is observed when the early log is of another container',
		ofPrepare,
		['--path=always'],
		'prepare',
		[...itsPath, '/log', '/flagz', '/statusz', '/log prepare'],
		1,
	],
	[
		'a new connection is observed when the early request loses its own',
		{endsAtFirstLog: true},
		['--path=json'],
		'app',
		[...itsPath, '/log', '/flagz', '/statusz', '/log app'],
		2,
	],
] as ReadonlyArray<[string, Answers, string[], string, string[], number]>) {
	test(title, async t => {
		const {seen, logs, connections} = await apiserver(t, answers);
		t.deepEqual((await logs(...flags)).printed, [`of ${container}`, '']);
		const isLog = (path: string) => path.startsWith('/log');
		t.deepEqual(
			[seen.slice(0, expected.length), seen.filter(path => isLog(path)).length],
			[expected, expected.filter(path => isLog(path)).length],
		);
		t.true(connections() >= leastConnections);
	});
}

test('with --require, no log is requested early', async t => {
	const {seen, logs} = await apiserver(t, {containers: ['app', 'proxy']});
	await logs('--require=verified');
	t.false(seen.includes('/log'));
});

test('without an observer, a log is requested early also when the pod is read late', async t => {
	const {seen, cluster, connections} = await apiserver(t, {});
	const preconnection = preconnect(await cluster(), {
		signal: new AbortController().signal,
		speculative: {after: podPath, namespace: 'default', kind: 'request', options: {path: `${podPath}/log`}},
	});
	await until(() => connections() === 1);
	await delay(300);
	await preconnection.cluster.json({path: podPath, whole: true});
	await until(() => seen.includes('/log'));
	preconnection.close();
	t.is(connections(), 1);
});

test('a connection that must be dialed is not the early one', async t => {
	const {cluster, connections} = await apiserver(t, {});
	const preconnection = preconnect(await cluster(), {signal: new AbortController().signal});
	await until(() => connections() === 1);
	const dialed = await preconnection.cluster.connect({mustDial: true});
	await t.notThrowsAsync(until(() => connections() === 2));
	dialed.close();
	preconnection.close();
});

const path = `${podPath}/log`;
const {signal} = new AbortController();

const refusedUpgrade = (status: number): UpgradeResult => ({upgraded: false, status, statusText: '', headers: {}, body: ''});

const log = (status: number) => ({status, headers: {}, body: Readable.from([])}) as unknown as ApiResponse;
const timeout = new SpokeError('ERR_APISERVER_TIMEOUT', 'no response');

type EarlyRow = {
	early: ApiResponse | Error;
	/** Before the stream needs it. */
	isSettled?: boolean;
	samePath?: string;
	/** After the early response. */
	usable?: boolean;
	sent: readonly string[];
};

const earlyLogs: Record<string, EarlyRow> = {
	'of the same path is used': {early: log(200), sent: ['early']},
	'of the only container is used': {early: log(200), samePath: path, sent: ['early']},
	'of another container is requested again on a new connection': {early: log(200), samePath: '', sent: ['early', 'replacement']},
	'refused while the stream waits is not requested again': {early: log(500), samePath: path, sent: ['early']},
	'refused before the stream needs it is requested again': {early: log(500), samePath: path, isSettled: true, sent: ['early', 'again']},
	'refused for its credentials is requested again': {early: log(401), sent: ['early', 'again']},
	'refused by a server that closes is requested again on a new connection': {
		early: log(400),
		samePath: '',
		usable: false,
		sent: ['early', 'replacement'],
	},
	'that failed is requested again on a new connection': {early: new Error('lost'), usable: false, sent: ['early', 'replacement']},
	'that timed out is not requested again': {early: timeout, sent: ['early']},
};

for (const [title, {early, isSettled = false, samePath, usable = true, sent: expected}] of Object.entries(earlyLogs)) {
	test(`an early log ${title}`, async t => {
		const sent: string[] = [];
		const settling = Promise.withResolvers<ApiResponse>();
		const settle = () => {
			if (early instanceof Error) {
				settling.reject(early);
			} else {
				settling.resolve(early);
			}
		};

		const connection = new SpeculativeConnection(
			fakeConnection({
				usable,
				async request() {
					return sent.push(sent.length === 0 ? 'early' : 'again') === 1 ? settling.promise : log(200);
				},
			}),
			async () =>
				fakeConnection({
					async request() {
						sent.push('replacement');
						return log(200);
					},
				}),
		);
		connection.send({after: podPath, namespace: 'default', kind: 'request', options: {path}}, signal);
		if (isSettled) {
			settle();
			await nextTurn();
		}

		const request = connection.request(samePath === undefined ? {path} : {path: `${path}?container=app`, samePath});
		settle();
		if (early === timeout) {
			await t.throwsAsync(request, {is: timeout});
		} else {
			t.is((await request).status, expected.length === 1 && 'status' in early ? early.status : 200);
		}

		t.deepEqual(sent, [...expected]);
	});
}

for (const [status, isSettled, expected] of [
	[500, true, ['early', 'again']],
	[500, false, ['early']],
	[401, false, ['early', 'again']],
	[403, true, ['early']],
] as const) {
	test(`an upgrade refused with ${status} ${isSettled ? 'before' : 'after'} the stream needs it is sent ${expected.length}×`, async t => {
		const options = {method: 'GET', path: podPath, upgrade: 'websocket', protocols: []} as const;
		const early = Promise.withResolvers<UpgradeResult>();
		const sent: string[] = [];
		const connectionThat = (name: string, upgrade: () => Promise<UpgradeResult>) =>
			fakeConnection({
				async upgrade() {
					sent.push(name);
					return upgrade();
				},
			});
		const connection = new SpeculativeConnection(
			connectionThat('early', async () => early.promise),
			async () => connectionThat('again', async () => refusedUpgrade(status)),
		);
		connection.send({after: podPath, namespace: 'default', kind: 'upgrade', options}, signal);
		if (isSettled) {
			early.resolve(refusedUpgrade(status));
			await nextTurn();
		}

		const opening = connection.upgrade(options);
		early.resolve(refusedUpgrade(status));
		t.deepEqual(await opening, refusedUpgrade(status));
		t.deepEqual(sent, [...expected]);
	});
}

test('an abort ends the wait for an early response, and destroys a socket that arrives late', async t => {
	const upgraded = Promise.withResolvers<UpgradeResult>();
	const connection = new SpeculativeConnection(fakeConnection({request: never, upgrade: async () => upgraded.promise}), never);
	const abort = new AbortController();
	const upgrade = {method: 'GET', path, upgrade: 'websocket', protocols: []} as const;
	connection.send({after: podPath, namespace: 'default', kind: 'request', options: {path}}, signal);
	connection.send({after: podPath, namespace: 'default', kind: 'upgrade', options: upgrade}, signal);
	const waits = [connection.request({path, signal: abort.signal}), connection.upgrade({...upgrade, signal: abort.signal})];
	const reason = new Error('interrupted');
	abort.abort(reason);
	for (const wait of waits) {
		await t.throwsAsync(wait, {is: reason});
	}

	connection.close();
	const socket = new PassThrough();
	upgraded.resolve({upgraded: true, socket, protocol: null, headers: {}});
	await nextTurn();
	t.true(socket.destroyed);
});

test('a connection that could not be replaced gives a failed stream no verdict', async t => {
	const {logs} = await apiserver(t, {stopsAfterPod: true});
	const {stderr} = await logs('--path=json');
	const {phase, legs} = JSON.parse(stderr.split('\n').findLast(line => line.startsWith('{'))!) as Path;
	t.is(phase, 'failed');
	t.is(legs[0]!.tls.state, 'unknown');
});

test('a forward that is forbidden is requested once by WebSocket, and once by SPDY', async t => {
	const upgrades: Array<string | undefined> = [];
	const server = await serve(t, ({url, headers}, response) => {
		if (url === podPath) {
			response.end(JSON.stringify(runningPod));
		} else {
			upgrades.push(headers.upgrade);
			response.writeHead(403).end('not allowed');
		}
	});
	await runSpoke(['port-forward', 'web', ':80', ...(await connectionArguments(server))]);
	t.deepEqual(upgrades, ['websocket', 'SPDY/3.1']);
});

for (const [command, status] of [
	[['logs', 'web'], 130],
	[['port-forward', 'web', ':80'], 0],
] as const) {
	test(`a SIGINT ends \`spoke ${command.join(' ')}\` while its early request has no response`, async t => {
		const arrived = Promise.withResolvers<void>();
		const server = await serve(t, ({url}, response) => {
			if (url === podPath) {
				response.end(JSON.stringify(runningPod));
			} else {
				arrived.resolve();
			}
		});
		const run = startSpoke(t, [...command, '-v=6', ...(await connectionArguments(server))]);
		await arrived.promise;
		await run.sees(/ 200 OK, /, 'stderr');
		t.is(await run.end('SIGINT'), status);
		t.regex(run.output.stderr, / aborted by SIGINT, \d+ ms$/m);
		t.is(server.connections(), 1);
	});
}

test('with an observer, a log of another namespace is not requested early', async t => {
	for (const namespace of ['default', 'other']) {
		const {seen, cluster} = await apiserver(t, {});
		const preconnection = preconnect(await cluster(), {
			signal: new AbortController().signal,
			observer: {},
			speculative: {after: podPath, namespace, kind: 'request', options: {path: `${podPath}/log`}},
		});
		await preconnection.cluster.json({path: podPath, whole: true});
		const connection = await preconnection.cluster.connect({});
		await connection.request({path: `${podPath}/log?container=app`});
		connection.close();
		t.is(seen.includes('/log'), namespace === 'default');
	}
});

function fakeConnection(members: Partial<Connection>): Connection {
	return {usable: true, close() {}, ...members} as unknown as Connection;
}

async function never<Value>(): Promise<Value> {
	return new Promise(() => undefined);
}

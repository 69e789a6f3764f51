/** A stream's request that is sent together with the read of its pod. */
import type {IncomingMessage, ServerResponse} from 'node:http';
import {setImmediate as nextTurn, setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import type {Connection, UpgradeResult} from '../../source/cluster/connection.ts';
import type {Path} from '../../source/evidence/evidence.ts';
import {preconnect} from '../../source/streams/preconnect.ts';
import {SpeculativeConnection} from '../../source/streams/speculative-request.ts';
import {connectionArguments, startServer} from '../support/api-server.ts';
import {runSpoke} from '../support/run-spoke.ts';
import {until} from '../support/until.ts';

const podPath = '/api/v1/namespaces/default/pods/web';

/** What an apiserver tells of itself. */
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
	/** Ends the connection of the first request for a log, after what was requested before it. */
	endsAtFirstLog?: boolean;
};

/** Logs hold the name of their container; without one, they are of the only container, or refused. */
async function apiserver(t: ExecutionContext, {containers = ['app'], initContainers = [], annotations = {}, ...how}: Answers) {
	const seen: string[] = [];
	const streamArrived = Promise.withResolvers<void>();
	const named = (names: readonly string[]) => names.map(name => ({name}));
	const pod = {
		kind: 'Pod',
		metadata: {name: 'web', namespace: 'default', uid: 'u1', annotations},
		spec: {nodeName: 'n1', containers: named(containers), initContainers: named(initContainers)},
		status: {phase: 'Running'},
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
			return;
		}

		streamArrived.resolve();
		if (how.endsAtFirstLog && seen.filter(path => path.startsWith('/log')).length === 1) {
			setTimeout(() => socket.end(), 50);
			return;
		}

		const container = searchParams.get('container') ?? (containers.length === 1 ? containers[0]! : null);
		response.writeHead(container === null ? 400 : 200).end(container === null ? '{"kind":"Status"}' : `of ${container}\n`.repeat(50_000));
	};

	const server = await startServer({request: (request, response) => void answer(request, response)});
	t.teardown(async () => server.close());
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

test('a log that is not of the default container is not printed', async t => {
	const annotations = {'kubectl.kubernetes.io/default-container': 'prepare'};
	const {seen, logs} = await apiserver(t, {initContainers: ['prepare'], annotations});
	t.deepEqual((await logs()).printed, ['of prepare', '']);
	t.deepEqual(seen, ['', '/log', '/log prepare']);
});

test('a log is requested again when the server closes the connection after the pod', async t => {
	const {logs, connections} = await apiserver(t, {closesAfterPod: true});
	t.deepEqual((await logs()).printed, ['of app', '']);
	t.is(connections(), 2);
});

test('with its path shown, a log is requested ahead, after the reads for the path', async t => {
	const {seen, logs} = await apiserver(t, {waits: true});
	t.is((await logs('--path=always')).printed[0], 'of app');
	t.deepEqual(seen.slice(0, 5), ['', '/flagz', '/statusz', '/api/v1/namespaces/default/configmaps/kube-root-ca.crt', '/log']);
	t.is(seen.filter(path => path.startsWith('/log')).length, 1);
});

test('the path is read again on the connection that replaces the one of another log', async t => {
	const annotations = {'kubectl.kubernetes.io/default-container': 'prepare'};
	const {seen, logs} = await apiserver(t, {initContainers: ['prepare'], annotations});
	t.deepEqual((await logs('--path=always')).printed, ['of prepare', '']);
	t.deepEqual(seen.slice(4, 8), ['/log', '/flagz', '/statusz', '/log prepare']);
});

test('the path is read again on the connection that replaces one lost with an early request', async t => {
	const {logs, connections} = await apiserver(t, {endsAtFirstLog: true});
	const {printed, stderr} = await logs('--path=json');
	t.deepEqual(printed, ['of app', '']);
	const {process} = JSON.parse(stderr.trimEnd().split('\n').at(-1)!) as Path;
	t.is(typeof process.id, 'string', stderr);
	t.true(connections() >= 2);
});

test('no log is requested ahead when the path is required', async t => {
	const {seen, logs} = await apiserver(t, {containers: ['app', 'proxy']});
	await logs('--require=verified');
	t.false(seen.includes('/log'));
});

test('without a path to show, a pod that is read late has its log requested ahead, too', async t => {
	const {seen, cluster, connections} = await apiserver(t, {});
	const ahead = preconnect(await cluster(), {
		signal: new AbortController().signal,
		speculative: {after: podPath, namespace: 'default', kind: 'request', options: {path: `${podPath}/log`, canFollowPipelined: true}},
	});
	await until(() => connections() === 1);
	await delay(300);
	await ahead.cluster.json({path: podPath, whole: true});
	await until(() => seen.includes('/log'));
	ahead.close();
	t.is(connections(), 1);
});

test('an upgrade that was refused is sent again only if the refusal came before the stream asked', async t => {
	const options = {method: 'GET', path: podPath, upgrade: 'websocket', protocols: [], canFollowPipelined: true} as const;
	for (const cameBefore of [true, false]) {
		const answer = Promise.withResolvers<UpgradeResult>();
		const sent: string[] = [];
		const connectionThat = (name: string, upgrade: () => Promise<UpgradeResult>) =>
			({
				close() {},
				async upgrade() {
					sent.push(name);
					return upgrade();
				},
			}) as unknown as Connection;
		const refused = {upgraded: false, status: 500, statusText: '', headers: {}, body: 'error dialing backend'} as const;
		const ahead = new SpeculativeConnection(
			connectionThat('ahead', async () => answer.promise),
			async () => connectionThat('again', async () => refused),
		);
		ahead.send({after: podPath, namespace: 'default', kind: 'upgrade', options});
		if (cameBefore) {
			answer.resolve(refused);
			await nextTurn();
		}

		const opening = ahead.upgrade(options);
		answer.resolve(refused);
		t.is(await opening, refused);
		t.deepEqual(sent, cameBefore ? ['ahead', 'again'] : ['ahead']);
	}
});

test('with its path shown, a log of another namespace than the context’s is not requested ahead', async t => {
	for (const namespace of ['default', 'other']) {
		const {seen, cluster} = await apiserver(t, {});
		const ahead = preconnect(await cluster(), {
			signal: new AbortController().signal,
			observer: {},
			speculative: {after: podPath, namespace, kind: 'request', options: {path: `${podPath}/log`, canFollowPipelined: true}},
		});
		await ahead.cluster.json({path: podPath, whole: true});
		const connection = await ahead.cluster.connect({});
		await connection.request({path: `${podPath}/log?container=app`});
		connection.close();
		t.is(seen.includes('/log'), namespace === 'default');
	}
});

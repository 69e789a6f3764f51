/** A stream's request that is sent together with the read of its pod. */
import type {IncomingMessage, ServerResponse} from 'node:http';
import test, {type ExecutionContext} from 'ava';
import {connectionArguments, startServer} from '../support/api-server.ts';
import {runSpoke} from '../support/run-spoke.ts';

const podPath = '/api/v1/namespaces/default/pods/web';

type Answers = {
	containers?: readonly string[];
	initContainers?: readonly string[];
	annotations?: Record<string, string>;
	/** The pod is told only after the request of the stream has arrived. */
	waits?: boolean;
	closesAfterPod?: boolean;
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
	const answer = async ({url = ''}: IncomingMessage, response: ServerResponse) => {
		const {pathname, searchParams} = new URL(url, 'https://server');
		seen.push(`${pathname.slice(podPath.length)} ${searchParams.get('container') ?? ''}`.trim());
		if (pathname === podPath) {
			await (how.waits ? streamArrived.promise : undefined);
			response.writeHead(200, how.closesAfterPod ? {Connection: 'close'} : {}).end(JSON.stringify(pod));
			return;
		}

		streamArrived.resolve();
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

	return {seen, logs, connections: server.connections};
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

test('no log is requested ahead when the path is shown or required', async t => {
	for (const more of ['--path=always', '--require=verified']) {
		const {seen, logs} = await apiserver(t, {containers: ['app', 'proxy']});
		await logs(more);
		t.false(seen.includes('/log'), more);
	}
});

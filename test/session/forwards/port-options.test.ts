/** Ports offered by the forward form. */
import test, {type ExecutionContext} from 'ava';
import {readPortOptions} from '../../../source/session/forwards/port-options.ts';
import type {ClusterClient} from '../../../source/cluster/cluster-client.ts';
import {createClusterClient} from '../../../source/cluster/create-cluster-client.ts';
import {connectionFlags} from '../../../source/base/command-line/connection-flags.ts';
import {parseCommandLine} from '../../../source/base/command-line/parse-command-line.ts';
import {startServer} from '../../support/api-server.ts';
import {sessionOnSandbox} from '../../support/open-session.ts';
import {openSandbox} from '../../support/sandbox.ts';

const service = (targetPort: number | string) => ({
	kind: 'Service',
	metadata: {name: 'web', namespace: 'default'},
	spec: {selector: {app: 'web'}, clusterIP: '10.0.0.1', ports: [{name: 'http', port: 80, targetPort}]},
});
const pod = (name: string, ready: 'True' | 'False') => ({
	metadata: {name, uid: name},
	spec: {containers: [{name: 'web', ports: [{name: 'http', containerPort: 8080}]}]},
	status: {conditions: [{type: 'Ready', status: ready}]},
});

/** `pods`: the response to a list of pods; `null` refuses it. */
async function clusterOf(t: ExecutionContext, targetPort: number | string, pods: readonly unknown[] | null): Promise<ClusterClient> {
	const server = await startServer({
		request({url = ''}, response) {
			const isList = url.includes('/pods?');
			const status = isList && pods === null ? 403 : 200;
			response
				.writeHead(status, {'content-type': 'application/json'})
				.end(JSON.stringify(isList ? (status === 200 ? {metadata: {}, items: pods} : {kind: 'Status', code: 403}) : service(targetPort)));
		},
	});
	t.teardown(async () => server.close());
	return server.cluster();
}

test('a service port shows how many of its pods are Ready', async t => {
	const {ports, canMove, allowedPorts} = await readPortOptions(
		await clusterOf(t, 8080, [pod('a', 'True'), pod('b', 'False')]),
		'svc/web',
		'default',
	);
	t.deepEqual(ports, [{value: '80', shown: 'http 80 → 8080', ready: '1 of 2 pods Ready', suggested: 8080}]);
	t.true(canMove);
	t.deepEqual(allowedPorts, ['80', 'http']);
});

test('a port that no pod names is reported, and forbidden pods are not counted as 0', async t => {
	const unnamed = await readPortOptions(await clusterOf(t, 'metrics', [pod('a', 'True')]), 'svc/web', 'default');
	t.is(unnamed.ports[0]?.ready, 'no pod has a port named metrics');
	const untold = await readPortOptions(await clusterOf(t, 'http', null), 'svc/web', 'default');
	t.is(untold.ports[0]?.ready, '? pods Ready');
});

test('the form says that a named pod has no replacement', async t => {
	const {env} = await openSandbox(t);
	const cluster = await createClusterClient(parseCommandLine(connectionFlags, []).flags, env);
	t.teardown(() => {
		cluster.close();
	});
	const list = await cluster.json<{items: Array<{metadata: {name: string}}>}>({path: '/api/v1/namespaces/default/pods'});
	const {name} = list.items.find(one => one.metadata.name.startsWith('web-'))!.metadata;
	const {ports, canMove, allowedPorts} = await readPortOptions(cluster, `pod/${name}`, 'default');
	t.deepEqual(
		ports.map(({value, ready}) => [value, ready]),
		[
			['8080', ''],
			['8443', ''],
		],
	);
	t.false(canMove);
	t.is(allowedPorts, null);
});

test('the local port follows the chosen port unless one was typed', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/web-\w+-\w+/);
	session.press('view.services');
	await session.sees(/web +ClusterIP/);
	session.press('move.end', 'forward');
	await session.sees(/Local port +80\d\d/);
	session.press('value.next');
	await session.sees(/Local port +84\d\d/);
	session.press('move.down', 'clear');
	session.type('7001');
	session.press('move.up', 'value.previous');
	await session.sees(/Port +◂ http 80/);
	await session.sees(/Local port +7001/);
});

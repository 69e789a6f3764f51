/** A named port that the pod after a move does not have. */
import {connect} from 'node:net';
import test from 'ava';
import {createClusterClient} from '../../../source/cluster/create-cluster-client.ts';
import {connectionFlags} from '../../../source/command-line/connection-flags.ts';
import {parseCommandLine} from '../../../source/command-line/parse-command-line.ts';
import {describeForwardEvent} from '../../../source/descriptions/describe-forward-event.ts';
import {joinParts} from '../../../source/descriptions/parts.ts';
import type {ForwardEvent} from '../../../source/streams/port-forward/forward-event.ts';
import {parseListenAddresses} from '../../../source/streams/port-forward/listen-address.ts';
import {parsePortSpec} from '../../../source/streams/port-forward/port-spec.ts';
import {startForward} from '../../../source/streams/port-forward/start-forward.ts';
import {parseTarget} from '../../../source/targets/parse-target.ts';
import {readToEnd} from '../../support/port-forward-run.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {ask, askJson} from '../../support/sandbox-client.ts';
import {until} from '../../support/until.ts';

const deployment = '/apis/apps/v1/namespaces/default/deployments/web';

type Web = {spec: {template: {spec: {containers: Array<{ports?: Array<{name: string}>}>}}}};

test('a connection to a pod without the named port fails, and nothing is opened in the pod', async t => {
	const {sandbox, kubeconfigFile} = await openSandbox(t);
	const cluster = await createClusterClient(parseCommandLine(connectionFlags, ['--kubeconfig', kubeconfigFile]).flags, {});
	const stop = new AbortController();
	const {events} = startForward(
		cluster,
		{
			target: parseTarget('deploy/web'),
			ports: [{id: 'f1', spec: parsePortSpec(':http')}],
			addresses: parseListenAddresses(['127.0.0.1']),
			podRunningTimeoutMs: 10_000,
		},
		{signal: stop.signal},
	);
	const told: ForwardEvent[] = [];
	const ended = (async () => {
		for await (const event of events) {
			told.push(event);
		}
	})();
	t.teardown(async () => {
		stop.abort();
		await ended;
		cluster.close();
	});
	const find = <Name extends ForwardEvent['event']>(name: Name) =>
		told.find((event): event is Extract<ForwardEvent, {event: Name}> => event.event === name);
	await until(
		() => find('ready') !== undefined,
		() => told,
	);
	t.is(find('ready')!.remotePort, 8080);

	// Port 8080 stays open in the new pods.
	const web = await askJson<Web>(sandbox, deployment);
	for (const port of web.spec.template.spec.containers.flatMap(({ports = []}) => ports)) {
		port.name = `new-${port.name}`;
	}

	t.is((await ask(sandbox, deployment, {method: 'PUT', body: web})).status, 200);
	await until(
		() => find('moved') !== undefined,
		() => told,
	);
	const {name} = find('moved')!.to;
	// Can be reset before it is connected.
	const socket = connect(find('ready')!.listen[0]!.port, '127.0.0.1');
	socket.write('GET / HTTP/1.0\r\n\r\n');
	const {bytes, end} = await readToEnd(socket);
	t.deepEqual([bytes.length, end], [0, 'RST']);
	await until(
		() => find('connection-failed') !== undefined,
		() => told,
	);
	const failed = find('connection-failed')!;
	t.like(find('connection-opened'), {pod: name, tunnel: null});
	t.like(failed, {up: 0, down: 0, remotePort: undefined});
	t.like(failed.error, {code: 'ERR_NOT_FOUND', message: `Pod '${name}' does not have a named port 'http'`});
	const [line] = describeForwardEvent(failed);
	t.is(
		joinParts(line!.parts),
		`an error occurred forwarding ${failed.port}: Pod '${name}' does not have a named port 'http' (the pod names new-http, new-https) [ERR_NOT_FOUND]`,
	);
});

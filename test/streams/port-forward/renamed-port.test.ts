/** A named port that the pod after a move does not have. */
import {connect} from 'node:net';
import test from 'ava';
import {describeForwardEvent} from '../../../source/report/descriptions/describe-forward-event.ts';
import {joinParts} from '../../../source/report/descriptions/parts.ts';
import {clientForTest} from '../../support/client-for-test.ts';
import {openForward} from '../../support/open-forward.ts';
import {readToEnd} from '../../support/port-forward-run.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {ask, askJson} from '../../support/sandbox-client.ts';

const deployment = '/apis/apps/v1/namespaces/default/deployments/web';

type Web = {spec: {template: {spec: {containers: Array<{ports?: Array<{name: string}>}>}}}};

test('a connection to a pod without the named port fails, and nothing is opened in the pod', async t => {
	const {sandbox, kubeconfigFile} = await openSandbox(t);
	const cluster = await clientForTest(t, ['--kubeconfig', kubeconfigFile]);
	const {find, event, port} = await openForward(t, cluster, {target: 'deploy/web', port: ':http'});
	t.is(find('ready')!.remotePort, 8080);

	// Port 8080 stays open in the new pods.
	const web = await askJson<Web>(sandbox, deployment);
	for (const one of web.spec.template.spec.containers.flatMap(({ports = []}) => ports)) {
		one.name = `new-${one.name}`;
	}

	const headers = {'content-type': 'application/merge-patch+json'};
	t.is((await ask(sandbox, deployment, {method: 'PATCH', headers, body: {spec: web.spec}})).status, 200);
	const {
		to: {name},
	} = await event('moved');
	// Can be reset before it is connected.
	const socket = connect(port, '127.0.0.1');
	socket.write('GET / HTTP/1.0\r\n\r\n');
	const {bytes, end} = await readToEnd(socket);
	t.deepEqual([bytes.length, end], [0, 'RST']);
	const failed = await event('connection-failed');
	t.like(find('connection-opened'), {pod: name, tunnel: null});
	t.like(failed, {up: 0, down: 0, remotePort: undefined});
	t.like(failed.error, {code: 'ERR_NOT_FOUND', message: `Pod '${name}' does not have a named port 'http'`});
	const [line] = describeForwardEvent(failed);
	t.is(
		joinParts(line!.parts),
		`an error occurred forwarding ${failed.port}: Pod '${name}' does not have a named port 'http' (the pod names new-http, new-https) [ERR_NOT_FOUND]`,
	);
});

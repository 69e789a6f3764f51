/** A kubelet's refusal proves that the kubelet was reached, so an apiserver's must not be taken for one. */
import {kubeletLogRefusal} from '../../../source/cluster/server-messages/explain-message.ts';
import test from 'ava';

const status = (message: string, kind?: string) =>
	JSON.stringify({kind: 'Status', status: 'Failure', message, ...(kind !== undefined && {details: {kind, name: 'web'}})});
const ofKubelet = 'container "a" in pod "b" is waiting to start: ContainerCreating';

for (const message of [
	ofKubelet,
	'container "app" in pod "web-5d.x" is waiting to start: image can\'t be pulled',
	'container "app" in pod "web" is waiting to start: trying and failing to pull image',
	'container "app" in pod "web" is waiting to start - no logs yet',
	'container "app" in pod "web" is not available',
	'container "app" in pod "web" is terminated',
	'previous terminated container "app" in pod "web" not found',
	'pod "web" cannot be found - no logs available',
]) {
	test(`accepts ${message}`, t => {
		t.is(kubeletLogRefusal(400, status(`${message}\n`)), message);
	});
}

for (const [title, code, body] of [
	['a container that is not in the pod', 400, status('container x is not valid for pod web')],
	['a container name that imitates a kubelet’s message', 400, status(`${ofKubelet} is not valid for pod web`)],
	['a missing container name', 400, status('a container name must be specified for pod web, choose one of: [a b]')],
	['a missing pod', 404, status('pods "web" not found', 'pods')],
	[
		'an unreachable node',
		500,
		status('Get "https://10.0.0.1:10250/containerLogs/d/web/a": dial tcp 10.0.0.1:10250: connect: connection refused'),
	],
	['plain text', 400, ofKubelet],
] as const) {
	test(`returns null for ${title}`, t => {
		t.is(kubeletLogRefusal(code, body), null);
	});
}

test('accepts any message of a 404 whose details name the log', t => {
	t.is(
		kubeletLogRefusal(404, status('the server could not find the requested resource ( pods/log web)', 'pods/log')),
		'the server could not find the requested resource ( pods/log web)',
	);
});

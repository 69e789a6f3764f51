/** What a text proves depends on its sender. */
import test from 'ava';
import {failureObservation} from '../../source/evidence/second-leg-record.ts';
import {makeObservations} from '../support/observations.ts';

const words = 'error dialing backend: tls: failed to verify certificate: x509: certificate signed by unknown authority';
const status = JSON.stringify({kind: 'Status', status: 'Failure', message: words, code: 500});
const observed = (text: string, purpose = makeObservations().purpose) =>
	failureObservation({error: {text}, purpose, connection: 'c1', process: null, time: ''});
const observation = (text: string, purpose = makeObservations().purpose) => observed(text, purpose)?.facts;

test('the message of an upgrade can be the kubelet’s, with a Status and without', t => {
	for (const text of [status, words]) {
		t.like(observed(text), {authors: ['apiserver', 'kubelet'], facts: {tls: 'refused'}});
	}
});

test('the message of a log read at the node’s own address can be that of an agent or a proxy', t => {
	const {purpose} = makeObservations({}, 'logs');
	const text = JSON.stringify({
		kind: 'Status',
		message:
			'Get "https://10.0.0.11:10250/containerLogs/default/web/c": tls: failed to verify certificate: x509: certificate signed by unknown authority',
		code: 500,
	});
	t.like(observed(text, {...purpose, target: {...purpose.target, container: 'c'}}), {
		authors: ['apiserver', 'kubelet'],
		facts: {tls: 'refused'},
	});
});

test('the message of a pod behind the proxy proves nothing about TLS', t => {
	const {purpose} = makeObservations({}, 'pod-proxy', {scheme: 'http', port: 80, portName: null, kubeletPort: false});
	t.like(observed(status.replace('error dialing backend', 'error trying to reach service'), purpose), {
		authors: ['apiserver', 'workload'],
		facts: {tls: null},
	});
});

const refusal = JSON.stringify({
	kind: 'Status',
	status: 'Failure',
	message: 'Forbidden (user=kube-apiserver, verb=get, resource=nodes, subresource(s)=[proxy])',
	code: 403,
});
const behind = ['pod-proxy', 'service-proxy', 'node-proxy'] as const;
for (const [feature, kubeletPort, isKubelet] of [
	...behind.map(feature => [feature, false, false] as const),
	['node-proxy', null, false],
	['node-proxy', true, true],
] as const) {
	test(`a failure message through ${feature}, kubelet port ${kubeletPort}, is ${isKubelet ? 'the apiserver’s or the kubelet’s' : 'possibly an application’s'}`, t => {
		const {purpose} = makeObservations({}, feature, {scheme: 'http', port: 80, portName: null, kubeletPort});
		const proxied = (text: string) => observation(text.replace('error dialing backend', 'error trying to reach service'), purpose);
		t.is(proxied(status)?.tls, isKubelet ? 'refused' : null);
		t.like(proxied(refusal), {answered: isKubelet});
		t.is(proxied(JSON.stringify({kind: 'Status', message: 'no endpoints available for service "web"', code: 503})), undefined);
	});
}

test('a node proxy without a port uses the kubelet port', t => {
	const {purpose} = makeObservations({}, 'node-proxy');
	t.like(observation(status.replace('error dialing backend', 'error trying to reach service'), purpose), {tls: 'refused'});
});

test('a failure message of an earlier request is a passive observation', t => {
	const {purpose} = makeObservations();
	t.like(failureObservation({error: {text: `\n${status}`}, purpose, connection: 'c1', process: 'p1', time: 'now'}), {
		connection: 'c1',
		process: 'p1',
		time: 'now',
		active: false,
		where: 'the response to exec',
		facts: {text: words.replace('error dialing backend: ', '')},
	});
	t.is(failureObservation({error: {text: null}, purpose, connection: 'c1', process: null, time: ''}), undefined);
});

test('a command named like a failure message is not one', t => {
	for (const name of ['No agent available', 'x509: certificate signed by unknown authority']) {
		t.is(
			observation(
				JSON.stringify({
					status: 'Failure',
					message: `error executing command in container: OCI runtime exec failed: exec: "${name}": executable file not found in $PATH`,
				}),
			),
			undefined,
		);
	}
});

test('a kubelet that refuses the apiserver’s identity has answered over TLS', t => {
	t.like(observation(refusal), {row: 'K3', answered: true});
	t.like(observation(status), {answered: false});
});

test('every feature names the failure, also if the kubelet can have sent it', t => {
	const passedOn = JSON.stringify({kind: 'Status', message: 'error dialing backend: No agent available', code: 500});
	for (const feature of ['exec', 'attach', 'port-forward', 'logs', 'node-proxy'] as const) {
		t.like(observed(passedOn, makeObservations({}, feature).purpose), {authors: ['apiserver', 'kubelet'], facts: {route: 'konnectivity'}});
	}
});

test('a failed exec translation is not a log or port-forward failure', t => {
	const translated = JSON.stringify({
		kind: 'Status',
		status: 'Failure',
		message: words.replace(
			'error dialing backend',
			'Internal error occurred: error sending request: Post "https://10.0.0.1:10250/exec/demo/web/c"',
		),
		code: 500,
	});
	t.like(observation(translated), {tls: 'refused'});
	t.like(observation(translated, makeObservations({}, 'attach').purpose), {tls: 'refused'});
	t.is(observation(translated, makeObservations({}, 'logs').purpose), undefined);
	t.is(observation(translated, makeObservations({}, 'port-forward').purpose), undefined);
});

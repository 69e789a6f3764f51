/** What a text proves depends on its sender. */
import test from 'ava';
import {failureObservation} from '../../source/evidence/failure-observation.ts';
import {makeObservations} from '../support/observations.ts';

const words = 'error dialing backend: tls: failed to verify certificate: x509: certificate signed by unknown authority';
const status = JSON.stringify({kind: 'Status', status: 'Failure', message: words, code: 500});
const observation = (text: string, purpose = makeObservations().purpose) =>
	failureObservation({error: {text, leg: 2}, purpose, connection: 'c1', process: null, time: ''})?.facts;

test('a Status is the apiserver’s own message', t => {
	t.like(observation(status), {tls: 'refused', basis: 'proven'});
});

test('plain text may be the kubelet’s message', t => {
	t.like(observation(words), {tls: 'refused', basis: 'inferred'});
	t.like(observation('error dialing backend: No agent available'), {route: 'konnectivity', basis: 'inferred'});
});

test('the message of a pod behind the proxy proves nothing about TLS', t => {
	const {purpose} = makeObservations({}, 'pod-proxy', {scheme: 'http', port: 80, portName: null, kubeletPort: false});
	t.like(observation(status.replace('error dialing backend', 'error trying to reach service'), purpose), {tls: null, basis: 'inferred'});
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
		t.like(proxied(status), {tls: isKubelet ? 'refused' : null, basis: isKubelet ? 'proven' : 'inferred', leg: 2});
		t.like(proxied(refusal), {answered: isKubelet});
		t.like(proxied(words), {basis: 'inferred'});
		t.is(proxied(JSON.stringify({kind: 'Status', message: 'no endpoints available for service "web"', code: 503})), undefined);
	});
}

test('a node proxy without a port uses the kubelet port', t => {
	t.like(
		observation(status.replace('error dialing backend', 'error trying to reach service'), makeObservations({}, 'node-proxy').purpose),
		{
			tls: 'refused',
			basis: 'proven',
		},
	);
});

test('a failure message of an earlier request is a passive observation', t => {
	t.like(
		failureObservation({
			error: {text: `\n${status}`, leg: 2},
			purpose: makeObservations().purpose,
			connection: 'c1',
			process: 'p1',
			time: 'now',
		}),
		{
			connection: 'c1',
			process: 'p1',
			time: 'now',
			active: false,
			where: 'the response to exec',
			facts: {text: words.replace('error dialing backend: ', ''), basis: 'proven'},
		},
	);
	t.is(
		failureObservation({error: {text: null, leg: 2}, purpose: makeObservations().purpose, connection: 'c1', process: null, time: ''}),
		undefined,
	);
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
	t.like(
		observation(
			JSON.stringify({
				kind: 'Status',
				status: 'Failure',
				message: 'Forbidden (user=kube-apiserver, verb=get, resource=nodes, subresource(s)=[proxy])',
				code: 403,
			}),
		),
		{row: 'K3', answered: true},
	);
	t.like(observation(status), {answered: false});
});

const logAttempt = (text: string, code: number) =>
	JSON.stringify({kind: 'Status', status: 'Failure', message: `Get "https://10.0.0.1:10250/containerLogs/demo/web/c": ${text}`, code});

test('the far end cannot send the apiserver’s own log failure', t => {
	const {purpose} = makeObservations({}, 'logs');
	t.like(observation(logAttempt('No agent available', 500), purpose), {route: 'konnectivity', basis: 'proven', mayBeFromFarEnd: false});
	t.is(observation(logAttempt('No agent available', 400), purpose), undefined);
	t.is(observation(logAttempt('No agent available', 403), purpose), undefined);
});

test('a message that the far end may have sent is marked, for every feature', t => {
	const passedOn = (code: number) =>
		JSON.stringify({kind: 'Status', status: 'Failure', message: 'error dialing backend: No agent available', code});
	for (const feature of ['exec', 'attach', 'port-forward', 'logs', 'node-proxy'] as const) {
		t.like(observation(passedOn(500), makeObservations({}, feature).purpose), {route: 'konnectivity', mayBeFromFarEnd: true}, feature);
		t.like(observation(passedOn(400), makeObservations({}, feature).purpose), {route: 'konnectivity', mayBeFromFarEnd: true}, feature);
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

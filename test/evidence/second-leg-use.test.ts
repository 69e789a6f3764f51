/** Paths whose leg 2 was not used. */
import test from 'ava';
import {describeError} from '../../source/report/descriptions/describe-error.ts';
import {describeLeg, describePathMeaning, describeUndetermined, pathSentences} from '../../source/report/descriptions/describe-path.ts';
import {errorFromResponse} from '../../source/cluster/error-from-response.ts';
import {SpokeError} from '../../source/base/errors/spoke-error.ts';
import {buildPath} from '../../source/evidence/build-path.ts';
import type {Observations, Path} from '../../source/evidence/evidence.ts';
import {initialLabelState, reduceLabelState} from '../../source/evidence/label-lifecycle.ts';
import {noConnectionObservations} from '../../source/evidence/connection-observations.ts';
import {statusObject as status} from '../support/api-server.ts';
import {flags, makeObservations, processOf, unverifiedFlags} from '../support/observations.ts';

const cluster = {context: 'lab', server: 'https://10.0.0.5:6443', sandbox: false};
const onNoNode = errorFromResponse({status: 400, headers: {}, body: JSON.stringify(status(400, 'pod web does not have a host assigned'))});

function ended(more: Partial<Observations>, error: SpokeError | null = null): Path {
	const observations = makeObservations({
		scope: 'ended',
		process: processOf('p1'),
		flags: [flags(unverifiedFlags, {process: 'p1'})],
		...more,
	});
	const rttMs = {websocket: null, runtime: null};
	return buildPath(observations, {cluster, phase: error ? 'failed' : 'settled', address: null, rttMs, error: error?.toJSON() ?? null});
}

test('a leg 2 that was used keeps its verdicts', t => {
	const {legs, unused} = ended({farEndAnswered: true});
	t.is(unused, null);
	t.like(legs[1]!.tls, {state: 'unverified', basis: 'proven'});
});

test('a response of the apiserver itself leaves leg 2 without verdicts', t => {
	const path = ended({answeredByApiserver: 'the pod is on no node'});
	const why = 'not used: the pod is on no node';
	t.deepEqual(path.unused, {leg: 2, why});
	t.like(path.legs[1], {tls: {state: 'unknown', evidence: [], need: [], why}, route: {state: 'unknown', evidence: [], need: [], why}});
	t.is(path.exposure.state, 'unknown');
	t.is(path.line, 'path: you -verified-> apiserver -not used-> kubelet n1');
	t.deepEqual(
		path.findings.filter(({leg}) => leg === 2),
		[],
	);
});

test('a leg that was not used is described as such, not as unknown', t => {
	const path = ended({answeredByApiserver: 'the pod is on no node'});
	t.like(describeLeg(path, path.legs[1]!), {tls: {name: 'not used', basis: null}, route: {name: 'not used', basis: null}});
	t.is(describePathMeaning(path), 'leg 2 not used: the pod is on no node');
	t.true(pathSentences(path).includes('Leg 2, apiserver to kubelet n1, not used: the pod is on no node.'));
	t.deepEqual(
		describeUndetermined(path).filter(({role}) => role === 'leg 2'),
		[],
	);
});

const unscheduled = {...makeObservations().purpose, target: {...makeObservations().purpose.target, node: null}};

test('a pod on no node breaks no leg, and leg 2 was not used', t => {
	const path = ended({purpose: unscheduled}, onNoNode);
	t.is(path.line.includes('-not used->'), true);
	t.is(path.unused?.why, 'not used: the pod is on no node');
	t.is(describeError(onNoNode.toJSON())[0]!.text, 'Refused by the apiserver');
});

test('the message of a refusal is shown once', t => {
	const texts = describeError(onNoNode.toJSON()).map(({text}) => text);
	t.is(texts.filter(text => text.includes('does not have a host assigned')).length, 1);
});

test('leg 2 was not used if nothing was connected', t => {
	for (const code of ['ERR_APISERVER_UNREACHABLE', 'ERR_APISERVER_TLS', 'ERR_CERTIFICATE_UNUSABLE'] as const) {
		t.is(ended({socket: null}, new SpokeError(code, 'x')).unused?.why, 'not used: leg 1 failed');
	}
});

for (const [title, error] of [
	['a Status that a pod or a kubelet can send, too', new SpokeError('ERR_FORBIDDEN', 'pods "web" is forbidden')],
	['a message that a pod can send, too', new SpokeError('ERR_NOT_FOUND', 'x', {text: 'pods "web" not found'})],
	['a pod on a node that seems to have no host', onNoNode],
	['a server that is no kubelet', new SpokeError('ERR_SECOND_LEG', 'x', {text: 'invalid upgrade response: status code 200'})],
	['a connection that was lost', new SpokeError('ERR_APISERVER_UNREACHABLE', 'x')],
	[
		'a kubelet that cannot be dialed',
		new SpokeError('ERR_SECOND_LEG', 'x', {text: 'dial tcp 10.0.0.1:10250: connect: connection refused'}),
	],
	['an unknown answer', new SpokeError('ERR_APISERVER_ANSWER', 'x', {text: 'This request caused apiserver to panic.'})],
	['a lost stream', new SpokeError('ERR_STREAM_LOST', 'x')],
] as const) {
	test(`leg 2 may have been used after ${title}`, t => {
		t.is(ended({}, error).unused, null);
	});
}

test('the path line of a refused request ends at the apiserver, where no leg failed', t => {
	t.is(ended({}, new SpokeError('ERR_FORBIDDEN', 'pods "web" is forbidden')).line, 'path: you -verified-> apiserver');
});

test('a configuration has no unused leg', t => {
	t.is(ended({scope: 'next-connection', answeredByApiserver: 'x'}).unused, null);
});

test('a label keeps why the apiserver responded itself', t => {
	const {purpose} = makeObservations();
	const state = reduceLabelState(initialLabelState(purpose, noConnectionObservations), {type: 'apiserver-answered', why: 'x'});
	t.is(state.phase, 'settled');
	t.is(reduceLabelState(state, {type: 'closed'}).answeredByApiserver, 'x');
});

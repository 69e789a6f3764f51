/** Paths whose leg 2 was not used. */
import test from 'ava';
import {describeError} from '../../source/descriptions/describe-error.ts';
import {describeLeg, describePathMeaning, describeUndetermined, pathSentences} from '../../source/descriptions/describe-path.ts';
import {errorFromResponse} from '../../source/cluster/error-from-response.ts';
import {SpokeError} from '../../source/errors/spoke-error.ts';
import {buildPath} from '../../source/evidence/build-path.ts';
import type {Observations, Path} from '../../source/evidence/evidence.ts';
import {initialLabelState, reduceLabelState} from '../../source/evidence/label-state.ts';
import {noConnectionObservations} from '../../source/evidence/connection-observations.ts';
import {status} from '../support/command-server.ts';
import {flags, makeObservations, processOf, unverifiedFlags} from '../support/observations.ts';

const cluster = {context: 'lab', server: 'https://10.0.0.5:6443', sandbox: false};
const onNoNode = errorFromResponse({status: 400, headers: {}, body: JSON.stringify(status(400, 'pod web does not have a host assigned'))});

function ended(more: Partial<Observations>, error: SpokeError | null = null): Path {
	const observations = makeObservations({
		about: 'ended-connection',
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
	t.is(path.crossing.state, 'unknown');
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

test('a refusal of the apiserver breaks no leg, and leg 2 was not used', t => {
	const path = ended({}, onNoNode);
	t.is(path.line, 'path: you -verified-> apiserver -not used-> kubelet n1');
	t.is(path.unused?.why, 'not used: the apiserver refused the request');
	t.is(describeError(onNoNode.toJSON())[0]!.text, 'Refused by the apiserver');
});

test('the message of a refusal is shown once', t => {
	const texts = describeError(onNoNode.toJSON()).map(({text}) => text);
	t.is(texts.filter(text => text.includes('does not have a host assigned')).length, 1);
});

for (const [title, error] of [
	['a missing permission', new SpokeError('ERR_FORBIDDEN', 'pods "web" is forbidden')],
	['a pod that does not exist', new SpokeError('ERR_NOT_FOUND', 'x', {text: 'pods "web" not found'})],
	['a container that does not exist', new SpokeError('ERR_NOT_FOUND', 'x', {text: 'container x is not valid for pod web'})],
	['a node without an address', new SpokeError('ERR_SECOND_LEG', 'x', {text: 'no preferred addresses found; known addresses: []'})],
	['an unreachable apiserver', new SpokeError('ERR_APISERVER_UNREACHABLE', 'x')],
] as const) {
	test(`leg 2 was not used for ${title}`, t => {
		t.not(ended({}, error).unused, null);
	});
}

for (const [title, error] of [
	[
		'a kubelet that cannot be dialed',
		new SpokeError('ERR_SECOND_LEG', 'x', {text: 'dial tcp 10.0.0.1:10250: connect: connection refused'}),
	],
	['a kubelet without a previous log', new SpokeError('ERR_NOT_FOUND', 'x', {text: 'previous terminated container', leg: 3})],
	['an unknown answer', new SpokeError('ERR_APISERVER_ANSWER', 'x', {text: 'This request caused apiserver to panic.'})],
	['a lost stream', new SpokeError('ERR_STREAM_LOST', 'x')],
] as const) {
	test(`leg 2 may have been used for ${title}`, t => {
		t.is(ended({}, error).unused, null);
	});
}

test('a configuration has no unused leg', t => {
	t.is(ended({about: 'configuration', answeredByApiserver: 'x'}).unused, null);
});

test('a label keeps why the apiserver responded itself', t => {
	const {purpose} = makeObservations();
	const state = reduceLabelState(initialLabelState(purpose, noConnectionObservations), {type: 'apiserver-answered', why: 'x'});
	t.is(reduceLabelState(state, {type: 'closed'}).answeredByApiserver, 'x');
});

/** The states of a label. */
import test from 'ava';
import {SpokeError} from '../../source/base/errors/spoke-error.ts';
import {noConnectionObservations, noClusterObservations} from '../../source/evidence/connection-observations.ts';
import {
	initialLabelState,
	reduceLabelState,
	isOpenedByFarEnd,
	type LabelState,
	type LabelEvent,
} from '../../source/evidence/label-lifecycle.ts';
import {flags, makeObservation, makeObservations, processOf, socketFacts} from '../support/observations.ts';

const {purpose} = makeObservations();
const alive = initialLabelState(purpose, noConnectionObservations);
const observations = {...noConnectionObservations, flags: flags({'kubelet-certificate-authority': '/ca.pem'})};
const lateObservations = {...noConnectionObservations, foreignHeaders: ['via']};
const shared = {...noClusterObservations, gatewaySeen: 'a balancer'};
const metrics = {unavailable: {source: 'metrics', where: 'GET /metrics', reason: 'forbidden', need: null}} as const;
const error = new SpokeError('ERR_TARGET_GONE', 'gone').toJSON();

const opened: LabelEvent = {type: 'opened', byFarEnd: false};
const openedByIt: LabelEvent = {type: 'opened', byFarEnd: true};
const failed: LabelEvent = {type: 'failed', error, time: '2026-11-24T10:00:00Z'};
const closed: LabelEvent = {type: 'closed'};
const everything: readonly LabelEvent[] = [
	{type: 'learned', facts: {own: observations, hasOwnObservations: true}},
	openedByIt,
	{type: 'far-end-answered'},
	{type: 'measured', runtime: 7},
	{type: 'learned', facts: {shared}},
	{type: 'learned', facts: {others: [lateObservations]}},
	{type: 'learned', facts: {metrics}},
	{type: 'settled'},
	failed,
	closed,
];

for (const [title, events, changed] of [
	['starts as checking, not opened and not answered', [], {}],
	[
		'contains the observations of its connection',
		[{type: 'learned', facts: {own: observations, hasOwnObservations: true}}],
		{own: observations, hasOwnObservations: true},
	],
	[
		'marks observations of another connection',
		[{type: 'learned', facts: {own: lateObservations, hasOwnObservations: false}}],
		{own: lateObservations},
	],
	['counts as answered when its far end opens it', [openedByIt], {hasOpened: true, farEndAnswered: true}],
	['does not count as answered when anything else opens it', [opened], {hasOpened: true}],
	['keeps an answer from before it opened', [{type: 'far-end-answered'}, opened], {hasOpened: true, farEndAnswered: true}],
	['is answered long after it is opened', [opened, {type: 'far-end-answered'}], {hasOpened: true, farEndAnswered: true}],
	[
		'has a round trip to the WebSocket end, which may be the apiserver',
		[{type: 'measured', websocket: 3}],
		{rttMs: {websocket: 3, runtime: null}},
	],
	[
		'has a round trip to the runtime, which counts as an answer',
		[{type: 'measured', runtime: 7}],
		{farEndAnswered: true, rttMs: {websocket: null, runtime: 7}},
	],
	[
		'keeps one round-trip time when the other is measured',
		[
			{type: 'measured', runtime: 7},
			{type: 'measured', websocket: 3},
			{type: 'measured', websocket: 4},
		],
		{farEndAnswered: true, rttMs: {websocket: 4, runtime: 7}},
	],
	[
		'contains cluster observations and stays checking',
		[opened, {type: 'learned', facts: {shared}}, {type: 'learned', facts: {others: [lateObservations], metrics}}],
		{hasOpened: true, shared, others: [lateObservations], metrics},
	],
	['settles once', [opened, {type: 'settled'}, {type: 'settled'}], {hasOpened: true, phase: 'settled'}],
	[
		'that is settled still accepts observations',
		[opened, {type: 'settled'}, {type: 'learned', facts: {metrics}}, {type: 'far-end-answered'}],
		{hasOpened: true, phase: 'settled', metrics, farEndAnswered: true},
	],
	['that is settled can fail', [opened, {type: 'settled'}, failed], {hasOpened: true, phase: 'failed', scope: 'ended', error}],
	['can fail before it opens', [failed], {phase: 'failed', scope: 'ended', error}],
	['that closes as it opens is settled', [opened, closed], {hasOpened: true, phase: 'settled', scope: 'ended'}],
	[
		'that is canceled before use does not settle',
		[{type: 'learned', facts: {own: observations, hasOwnObservations: true}}, closed],
		{own: observations, hasOwnObservations: true, scope: 'ended'},
	],
	['that failed is not changed by later events', [failed, ...everything], {phase: 'failed', scope: 'ended', error}],
	['that has ended is not changed by later events', [opened, closed, ...everything], {hasOpened: true, phase: 'settled', scope: 'ended'}],
] satisfies ReadonlyArray<[string, readonly LabelEvent[], Partial<LabelState>]>) {
	test(`a label ${title}`, t => {
		let state = alive;
		for (const event of events) {
			state = reduceLabelState(state, event);
		}

		t.deepEqual(state, {...alive, ...changed});
	});
}

test('a label that fails keeps what the failure shows of leg 2, on its own connection', t => {
	const socket = makeObservation('socket', socketFacts, {connection: 'c1'});
	const own = {...noConnectionObservations, socket, process: processOf('p1')};
	const refused = {
		...error,
		text: 'error dialing backend: tls: failed to verify certificate: x509: certificate signed by unknown authority',
		leg: 2,
	} as const;
	const {active} = reduceLabelState(initialLabelState(purpose, own), {type: 'failed', error: refused, time: '2026-11-24T10:00:00Z'});
	t.like(active.failures[0], {connection: 'c1', process: 'p1', time: '2026-11-24T10:00:00Z', facts: {tls: 'refused'}});
	t.is(active.failures.length, 1);
});

for (const [text, answered] of [
	['unable to upgrade connection: Unauthorized', true],
	['error dialing backend: tls: failed to verify certificate: x509: certificate signed by unknown authority', false],
] as const) {
	test(`a label that fails with '${text.slice(0, 42)}' is ${answered ? '' : 'not '}answered by the kubelet`, t => {
		const event: LabelEvent = {type: 'failed', error: {...error, text, leg: 2}, time: '2026-11-24T10:00:00Z'};
		t.is(reduceLabelState(alive, event).farEndAnswered, answered);
	});
}

test('an event after the end returns the same label state', t => {
	const over = reduceLabelState(alive, closed);
	t.deepEqual(
		everything.filter(event => reduceLabelState(over, event) !== over),
		[],
	);
});

for (const [feature, carrier, mayBeFromApiserver, byFarEnd] of [
	['exec', 'websocket', undefined, false],
	['attach', 'websocket', undefined, false],
	['exec', 'spdy', undefined, true],
	['attach', 'spdy', undefined, true],
	['port-forward', 'websocket', undefined, true],
	['node-proxy', 'websocket', undefined, true],
	['logs', 'http', undefined, true],
	['logs', 'http', true, false],
	['pod-proxy', 'http', false, true],
	['exec', 'spdy', true, false],
] as const) {
	test(`the opening of ${feature} by ${carrier}${mayBeFromApiserver ? ', of a response that may be the apiserver’s,' : mayBeFromApiserver === false ? ', of a response that cannot be the apiserver’s,' : ''} is ${byFarEnd ? '' : 'not certainly '}from its far end`, t => {
		t.is(isOpenedByFarEnd({feature}, {carrier, ...(mayBeFromApiserver === undefined ? {} : {mayBeFromApiserver})}), byFarEnd);
	});
}

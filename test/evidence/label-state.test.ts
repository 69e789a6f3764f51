/** A label goes from checking to settled or failed, and its end is final. */
import test from 'ava';
import {SpokeError} from '../../source/errors/spoke-error.ts';
import {noConnectionObservations} from '../../source/evidence/connection-observations.ts';
import {
	initialLabelState,
	reduceLabelState,
	isOpenedByFarEnd,
	type LabelState,
	type LabelEvent,
} from '../../source/evidence/label-state.ts';
import {noClusterObservations} from '../../source/evidence/cluster-observations.ts';
import {flags, makeObservations} from '../support/observations.ts';

const {purpose} = makeObservations();
const alive = initialLabelState(null, purpose);
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
	{type: 'observed', observations, hasOwnObservations: true},
	openedByIt,
	{type: 'far-end-answered'},
	{type: 'measured', runtime: 7},
	{type: 'cluster-observed', cluster: shared},
	{type: 'observed-elsewhere', lateObservations},
	{type: 'metrics-read', metrics},
	{type: 'upgrade-passed-through'},
	{type: 'settled'},
	failed,
	closed,
];

for (const [title, events, changed] of [
	['is checked at first, and nobody has opened or answered anything', [], {}],
	[
		'has what was read on its connection',
		[{type: 'observed', observations, hasOwnObservations: true}],
		{observations, hasOwnObservations: true},
	],
	[
		'knows that what stands in for it was read on another one',
		[{type: 'observed', observations: lateObservations, hasOwnObservations: false}],
		{observations: lateObservations},
	],
	['is opened by its far end, which thereby answered', [openedByIt], {hasOpened: true, farEndAnswered: true}],
	['is opened by anybody, which is no answer of its far end', [opened], {hasOpened: true}],
	['was answered before it is opened, by anybody', [{type: 'far-end-answered'}, opened], {hasOpened: true, farEndAnswered: true}],
	['is answered long after it is opened', [opened, {type: 'far-end-answered'}], {hasOpened: true, farEndAnswered: true}],
	[
		'is measured to a WebSocket’s end, which may be the apiserver',
		[{type: 'measured', websocket: 3}],
		{rttMs: {websocket: 3, runtime: null}},
	],
	[
		'is measured to the runtime, which the kubelet passed on',
		[{type: 'measured', runtime: 7}],
		{farEndAnswered: true, rttMs: {websocket: null, runtime: 7}},
	],
	[
		'keeps one time where the other is measured',
		[
			{type: 'measured', runtime: 7},
			{type: 'measured', websocket: 3},
			{type: 'measured', websocket: 4},
		],
		{farEndAnswered: true, rttMs: {websocket: 4, runtime: 7}},
	],
	[
		'has what was read beside it, and goes on being checked',
		[opened, {type: 'cluster-observed', cluster: shared}, {type: 'observed-elsewhere', lateObservations}, {type: 'metrics-read', metrics}],
		{hasOpened: true, cluster: shared, lateObservations, metrics},
	],
	['may be its kubelet’s, which is no answer', [opened, {type: 'upgrade-passed-through'}], {hasOpened: true, upgradePassedThrough: true}],
	['settles once', [opened, {type: 'settled'}, {type: 'settled'}], {hasOpened: true, phase: 'settled'}],
	[
		'that is settled still learns',
		[opened, {type: 'settled'}, {type: 'metrics-read', metrics}, {type: 'far-end-answered'}],
		{hasOpened: true, phase: 'settled', metrics, farEndAnswered: true},
	],
	[
		'that is settled may fail',
		[opened, {type: 'settled'}, failed],
		{hasOpened: true, phase: 'failed', about: 'ended-connection', error, failedAt: '2026-11-24T10:00:00Z'},
	],
	['fails before anything is opened', [failed], {phase: 'failed', about: 'ended-connection', error, failedAt: '2026-11-24T10:00:00Z'}],
	['that is closed as it is opened is settled', [opened, closed], {hasOpened: true, phase: 'settled', about: 'ended-connection'}],
	[
		'that is given up before it carried anything settles nothing',
		[{type: 'observed', observations, hasOwnObservations: true}, closed],
		{observations, hasOwnObservations: true, about: 'ended-connection'},
	],
	[
		'that failed is not settled by its end, nor changed by anything',
		[failed, ...everything],
		{phase: 'failed', about: 'ended-connection', error, failedAt: '2026-11-24T10:00:00Z'},
	],
	[
		'that is over is changed by nothing, a failure neither',
		[opened, closed, ...everything],
		{hasOpened: true, phase: 'settled', about: 'ended-connection'},
	],
] satisfies ReadonlyArray<[string, readonly LabelEvent[], Partial<LabelState>]>) {
	test(`a label ${title}`, t => {
		let state = alive;
		for (const event of events) {
			state = reduceLabelState(state, event);
		}

		t.deepEqual(state, {...alive, ...changed});
	});
}

test('what comes after the end gives the same object back: there is nothing to tell', t => {
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
	test(`the opening of ${feature} by ${carrier}${mayBeFromApiserver ? ', of an answer that may be the apiserver’s,' : mayBeFromApiserver === false ? ', of an answer that cannot be the apiserver’s,' : ''} is ${byFarEnd ? '' : 'not surely '}its far end’s`, t => {
		t.is(isOpenedByFarEnd({feature}, {carrier, ...(mayBeFromApiserver === undefined ? {} : {mayBeFromApiserver})}), byFarEnd);
	});
}

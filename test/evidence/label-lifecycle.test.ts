/** Reads and timeouts of one label, to the millisecond. */
import test from 'ava';
import {type ClusterClient, ClusterRecords, type Connection} from '../../source/cluster/cluster-client.ts';
import {SpokeError} from '../../source/base/errors/spoke-error.ts';
import {noConnectionObservations, noClusterObservations} from '../../source/evidence/connection-observations.ts';
import type {ConnectionObservations, MetricFacts, ProbeResult, Path, StreamFeature} from '../../source/evidence/evidence.ts';
import {processCacheFor} from '../../source/evidence/process-cache.ts';
import {
	LiveLabel,
	observeBeforeUse,
	settleLabel,
	type LabelContext,
	initialLabelState,
	type LabelState,
} from '../../source/evidence/label-lifecycle.ts';
import {labelTimings} from '../../source/evidence/label-timings.ts';
import {flags, makeObservations, metrics, processOf} from '../support/observations.ts';
import {manualClock} from '../support/manual-clock.ts';

const refusal = {source: 'flagz', where: 'GET /flagz', reason: 'forbidden', need: null} as const;
const silence = {...refusal, reason: 'no-response'} as const;
const gates = flags({'feature-gates': '', 'emulated-version': '[]'});
const named: ConnectionObservations = {...noConnectionObservations, flags: gates, process: processOf('p1')};

type Given = {
	feature?: StreamFeature;
	waitsForMetrics?: boolean;
	observations?: ConnectionObservations;
	/** The previous connection gave no response. */
	isSilent?: boolean;
	route?: 'unknown' | 'direct';
	elsewhere?: ConnectionObservations | null;
	/** Known from an earlier stream. */
	areMetricsForbidden?: boolean;
};

const forbiddenMetrics: ProbeResult<MetricFacts> = {
	unavailable: {source: 'metrics', where: 'GET /metrics', reason: 'forbidden', need: null},
};

/** A label whose sources respond on command. */
function course({
	feature = 'port-forward',
	waitsForMetrics = false,
	observations = named,
	isSilent = false,
	route = 'direct',
	elsewhere = null,
	areMetricsForbidden = false,
}: Given = {}) {
	const clock = manualClock();
	const requested = {cluster: 0, elsewhere: 0, metrics: 0};
	const emitted: string[] = [];
	const clusterObserved = Promise.withResolvers<void>();
	const metricsRead = Promise.withResolvers<ProbeResult<MetricFacts>>();
	const cluster = {
		facts: {source: 'kubeconfig', certificateAuthority: null},
		records: new ClusterRecords(),
	} as unknown as ClusterClient;
	const sources = {
		cluster,
		clock,
		waitsForMetrics,
		preUseProbe: {isSilent, observe: async () => observations, hasObserved: () => true},
		sharedProbe: {
			async observeCluster() {
				requested.cluster++;
				await clusterObserved.promise;
				return {...noClusterObservations, gatewaySeen: 'a balancer', requestedAt: clock.now()};
			},
			async observeElsewhere() {
				requested.elsewhere++;
				return elsewhere;
			},
		},
		backgroundMetrics: {
			async read() {
				requested.metrics++;
				return areMetricsForbidden ? forbiddenMetrics : metricsRead.promise;
			},
		},
	} as unknown as LabelContext;
	const pathOf = (state: LabelState) => {
		const leg = {
			route: {state: state.metrics?.observation ? 'konnectivity' : route},
			tls: {state: state.farEndAnswered ? 'verified' : 'unknown'},
		};
		return {phase: state.phase, legs: [{}, leg]} as unknown as Path;
	};
	const label = new LiveLabel('c1', initialLabelState({...makeObservations().purpose, feature}, observations), {
		clock,
		pathOf,
		emit(_, state) {
			const {phase, legs} = pathOf(state);
			emitted.push(`${phase} ${legs[1]!.route.state} ${legs[1]!.tls.state}`);
		},
	});
	return {
		clock,
		requested,
		emitted,
		label,
		sources,
		async respondCluster() {
			clusterObserved.resolve();
			await clock.advance(0);
		},
		async respondMetrics() {
			metricsRead.resolve({observation: metrics({kubeletRequestsDone: 1})});
			await clock.advance(0);
		},
		open(byFarEnd = false) {
			label.emit({type: 'opened', byFarEnd});
			void settleLabel(label, sources);
		},
	};
}

test('a label settles as soon as the cluster is observed, without a limit', async t => {
	const {clock, requested, emitted, open, respondCluster} = course();
	open(true);
	await clock.advance(3 * labelTimings.settleTimeoutMs);
	t.deepEqual(emitted, ['checking direct verified']);
	await respondCluster();
	t.deepEqual(emitted, ['checking direct verified', 'settled direct verified']);
	await clock.advance(labelTimings.lastingAfterMs);
	t.deepEqual(requested, {cluster: 1, elsewhere: 0, metrics: 0});
});

test('metrics are requested for a lasting stream and emitted when they arrive', async t => {
	const {clock, requested, emitted, open, respondCluster, respondMetrics} = course({route: 'unknown'});
	open(true);
	await respondCluster();
	t.is(emitted.at(-1), 'settled unknown verified');
	await clock.advance(labelTimings.lastingAfterMs - 1);
	t.is(requested.metrics, 0);
	await clock.advance(1);
	t.is(requested.metrics, 1);
	await respondMetrics();
	t.is(emitted.at(-1), 'settled konnectivity verified');
});

test('metrics are not requested when the stream has ended', async t => {
	const {clock, requested, label, open, respondCluster} = course({route: 'unknown'});
	open(true);
	await respondCluster();
	label.stop();
	await clock.advance(labelTimings.lastingAfterMs);
	t.is(requested.metrics, 0);
});

test('a blocking label of a slow cluster keeps the reason why its metrics are unavailable', async t => {
	const {clock, label, open, respondCluster} = course({route: 'unknown', waitsForMetrics: true, areMetricsForbidden: true});
	open(true);
	await clock.advance(labelTimings.settleTimeoutMs + 1);
	await respondCluster();
	t.is(label.state.phase, 'settled');
	t.is(label.state.metrics, forbiddenMetrics);
});

test('a blocking label settles with its metrics, or without them at its timeout', async t => {
	const quick = course({route: 'unknown', waitsForMetrics: true});
	quick.open(true);
	await quick.respondCluster();
	t.is(quick.emitted.at(-1), 'checking unknown verified');
	await quick.respondMetrics();
	t.deepEqual(quick.emitted.slice(1), ['checking konnectivity verified', 'settled konnectivity verified']);

	const slow = course({route: 'unknown', waitsForMetrics: true});
	slow.open(true);
	await slow.clock.advance(500);
	await slow.respondCluster();
	t.is(slow.requested.metrics, 1);
	await slow.clock.advance(labelTimings.settleTimeoutMs - 501);
	t.is(slow.emitted.at(-1), 'checking unknown verified');
	await slow.clock.advance(1);
	t.is(slow.emitted.at(-1), 'settled unknown verified');
	t.is(slow.label.state.metrics?.unavailable?.reason, 'no-response');
	await slow.respondMetrics();
	t.is(slow.emitted.at(-1), 'settled konnectivity verified');
});

test('a command with output settles at once', async t => {
	const {clock, emitted, label, open, respondCluster} = course({feature: 'exec'});
	open();
	await respondCluster();
	t.deepEqual(
		emitted,
		['checking direct unknown', 'checking direct unknown'],
		'the label is emitted with what is known before the kubelet responds',
	);
	await clock.advance(200);
	label.emit({type: 'far-end-answered'});
	await clock.advance(0);
	t.deepEqual(emitted.slice(2), ['checking direct verified', 'settled direct verified']);
	await clock.advance(labelTimings.settleTimeoutMs);
	t.is(emitted.length, 4);
});

test('the timeouts of a command start when it opens', async t => {
	const {clock, emitted, open, respondCluster} = course({feature: 'exec'});
	open();
	await clock.advance(400);
	await respondCluster();
	await clock.advance(labelTimings.settleTimeoutMs - 401);
	t.is(emitted.at(-1), 'checking direct unknown');
	await clock.advance(1);
	t.is(emitted.at(-1), 'settled direct unknown');
});

for (const [title, end] of [
	['fails', (label: LiveLabel) => label.emit({type: 'failed', error: new SpokeError('ERR_TARGET_GONE', 'gone').toJSON(), time: ''})],
	['is closed', (label: LiveLabel) => label.emit({type: 'closed'})],
	['has no observer left', () => undefined],
] as const) {
	for (const [when, at] of [
		['before the cluster is observed', 0],
		['while it is silent', 100],
	] as const) {
		test(`a command that ${title} ${when} emits and requests nothing afterwards`, async t => {
			const {clock, requested, emitted, label, sources, open, respondCluster} = course({feature: 'exec'});
			open();
			if (at > 0) {
				await respondCluster();
				await clock.advance(at);
			}

			end(label);
			label.stop();
			const before = emitted.length;
			await respondCluster();
			await clock.advance(labelTimings.settleTimeoutMs + labelTimings.lastingAfterMs + 2 * labelTimings.unavailableForMs);
			t.deepEqual([emitted.length, requested.elsewhere, requested.metrics], [before, 0, 0]);
			t.is(processCacheFor(sources.cluster).gatewaySeen, at > 0 ? 'a balancer' : null, 'what came too late for it is not taken');
		});
	}
}

test('a silent log observes the cluster after a delay and stays unsettled', async t => {
	const {clock, requested, emitted, label, sources, respondCluster} = course({feature: 'logs'});
	await observeBeforeUse(label, {} as Connection, sources);
	t.is(emitted.length, 2);
	await clock.advance(labelTimings.lastingAfterMs - 1);
	t.is(requested.cluster, 0);
	await clock.advance(1);
	t.is(requested.cluster, 1);
	await respondCluster();
	t.deepEqual(emitted.slice(2), ['checking direct unknown']);
	t.is(label.state.shared.gatewaySeen, 'a balancer');
});

test('a log that opens or ends in time does not observe the cluster as a silent one', async t => {
	for (const happens of [(label: LiveLabel) => label.emit({type: 'opened', byFarEnd: true}), (label: LiveLabel) => label.stop()]) {
		const early = course({feature: 'logs'});
		await observeBeforeUse(early.label, {} as Connection, early.sources);
		happens(early.label);
		await early.clock.advance(labelTimings.lastingAfterMs);
		t.is(early.requested.cluster, 0);

		const late = course({feature: 'logs'});
		await observeBeforeUse(late.label, {} as Connection, late.sources);
		await late.clock.advance(labelTimings.lastingAfterMs);
		happens(late.label);
		const before = late.emitted.length;
		await late.respondCluster();
		t.deepEqual([late.emitted.length, late.label.state.shared], [before, noClusterObservations]);
	}
});

for (const [title, observations, isSilent, elsewhere] of [
	['are read', named, true, 0],
	['are refused', {...noConnectionObservations, unavailable: [refusal]}, false, 0],
	['did not arrive', {...noConnectionObservations, unavailable: [silence]}, true, 1],
] as const) {
	test(`flags that ${title} are ${elsewhere ? '' : 'not '}requested elsewhere as the stream opens`, t => {
		const {requested, open} = course({observations, isSilent});
		open(true);
		t.is(requested.elsewhere, elsewhere);
	});
}

for (const [title, elsewhere, asks] of [
	['an apiserver reports them', named, 1],
	['an apiserver forbids it', {...noConnectionObservations, unavailable: [refusal]}, 1],
	['the stream has ended', {...noConnectionObservations, unavailable: [silence]}, 3],
	['the stream has ended, without another connection', null, 3],
] as const) {
	test(`flags that no apiserver reported are requested again until ${title}`, async t => {
		const {clock, requested, label, emitted, open, respondCluster} = course({
			observations: {...noConnectionObservations, unavailable: [silence]},
			elsewhere,
		});
		open(true);
		await respondCluster();
		await clock.advance(labelTimings.unavailableForMs - 1);
		t.is(requested.elsewhere, 0);
		await clock.advance(1);
		t.is(requested.elsewhere, 1);
		t.is(emitted.length, elsewhere === named ? 3 : 2);
		await clock.advance(2 * labelTimings.unavailableForMs);
		label.stop();
		await clock.advance(2 * labelTimings.unavailableForMs);
		t.is(requested.elsewhere, asks);
	});
}

test('each label timeout fits within the next longer one', t => {
	t.true(labelTimings.sharedProbeDelayMs < labelTimings.settleTimeoutMs && labelTimings.settleTimeoutMs < labelTimings.finishTimeoutMs);
});

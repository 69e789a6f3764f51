/** What is asked for a label, when, and when it settles: each limit to the millisecond, with nothing that takes time of its own. */
import {Readable} from 'node:stream';
import test from 'ava';
import type {ClusterClient} from '../../source/cluster/cluster-client.ts';
import type {Connection} from '../../source/cluster/connection.ts';
import {noConnectionObservations, type ConnectionObservations} from '../../source/evidence/connection-observations.ts';
import type {MetricFacts, ProbeResult, Path, StreamFeature} from '../../source/evidence/evidence.ts';
import {processCacheFor} from '../../source/evidence/process-cache.ts';
import {observeBeforeUse, settleLabel, type LabelContext} from '../../source/evidence/label-lifecycle.ts';
import {initialLabelState} from '../../source/evidence/label-state.ts';
import {labelTimings} from '../../source/evidence/label-timings.ts';
import {LiveLabel} from '../../source/evidence/live-label.ts';
import {noClusterObservations} from '../../source/evidence/cluster-observations.ts';
import {flags, grounds, metrics, processOf} from '../support/observations.ts';
import {handClock} from '../support/manual-clock.ts';

const refusal = {source: 'flagz', where: 'GET /flagz', because: 'forbidden', need: null} as const;
const silence = {...refusal, because: 'no-answer'} as const;
const gates = flags({'feature-gates': '', 'emulated-version': '[]'});
const named: ConnectionObservations = {...noConnectionObservations, flags: gates, process: processOf('p1')};

type Given = {
	feature?: StreamFeature;
	isAwaited?: boolean;
	readings?: ConnectionObservations;
	/** Whether not one word came of the connection before. */
	isSilent?: boolean;
	/** Whether the node takes WebSockets itself; `null`: it does not answer. */
	declares?: boolean | null;
	route?: 'unknown' | 'direct';
	elsewhere?: ConnectionObservations | null;
};

/** A label on its course, whose sources answer when they are told to; its words are the least that the course looks at. */
function course({
	feature = 'port-forward',
	isAwaited = false,
	readings = named,
	isSilent = false,
	declares = null,
	route = 'direct',
	elsewhere = null,
}: Given = {}) {
	const clock = handClock();
	const asked = {beside: 0, elsewhere: 0, counters: 0, node: 0};
	const told: string[] = [];
	const beside = Promise.withResolvers<void>();
	const counters = Promise.withResolvers<ProbeResult<MetricFacts>>();
	const cluster = {
		facts: {source: 'kubeconfig', certificateAuthority: null},
		async request() {
			asked.node++;
			await (declares === null ? Promise.withResolvers<void>().promise : undefined);
			return {
				status: 200,
				headers: {},
				body: Readable.from([
					Buffer.from(
						JSON.stringify({
							kind: 'Node',
							metadata: {name: 'n1'},
							status: {declaredFeatures: declares ? ['ExtendWebSocketsToKubelet'] : []},
						}),
					),
				]),
			};
		},
	} as unknown as ClusterClient;
	const sources = {
		cluster,
		clock,
		isAwaited,
		beforeUse: {isSilent, read: async () => readings, asked: () => true},
		beside: {
			async shared() {
				asked.beside++;
				await beside.promise;
				return {shared: {...noClusterObservations, gatewaySeen: 'a balancer'}, askedAt: clock.now()};
			},
			async elsewhere() {
				asked.elsewhere++;
				return elsewhere;
			},
		},
		counters: {
			async read() {
				asked.counters++;
				return counters.promise;
			},
		},
	} as unknown as LabelContext;
	const label = new LiveLabel('c1', initialLabelState({id: 'c1'} as Connection, {...grounds().purpose, feature}, readings), {
		clock,
		pathOf: life =>
			({
				phase: life.phase,
				legs: [
					{},
					{
						route: {state: life.counters?.read ? 'konnectivity' : route},
						tls: {state: life.answered || life.passedOn ? 'verified' : 'unknown'},
					},
				],
			}) as unknown as Path,
		tell(_, {phase, legs}) {
			told.push(`${phase} ${legs[1]!.route.state} ${legs[1]!.tls.state}`);
		},
	});
	return {
		clock,
		asked,
		told,
		label,
		sources,
		async answerBeside() {
			beside.resolve();
			await clock.advance(0);
		},
		async answerCounters() {
			counters.resolve({read: metrics({kubeletRequestsDone: 1})});
			await clock.advance(0);
		},
		open(byFarEnd = false) {
			label.tell({type: 'opened', byFarEnd});
			void settleLabel(label, sources);
		},
	};
}

test('a label settles as soon as what is beside it is read, however long that takes', async t => {
	const {clock, asked, told, open, answerBeside} = course();
	open(true);
	await clock.advance(3 * labelTimings.settleWithinMs);
	t.deepEqual(told, ['checking direct verified']);
	await answerBeside();
	t.deepEqual(told, ['checking direct verified', 'settled direct verified']);
	await clock.advance(labelTimings.lastsMs);
	t.deepEqual(asked, {beside: 1, elsewhere: 0, counters: 0, node: 0});
});

test('counters are asked for where a stream lasts so long, and are told when they come', async t => {
	const {clock, asked, told, open, answerBeside, answerCounters} = course({route: 'unknown'});
	open(true);
	await answerBeside();
	t.is(told.at(-1), 'settled unknown verified');
	await clock.advance(labelTimings.lastsMs - 1);
	t.is(asked.counters, 0);
	await clock.advance(1);
	t.is(asked.counters, 1);
	await answerCounters();
	t.is(told.at(-1), 'settled konnectivity verified');
});

test('counters are not asked for where the stream is over by then', async t => {
	const {clock, asked, label, open, answerBeside} = course({route: 'unknown'});
	open(true);
	await answerBeside();
	label.leave();
	await clock.advance(labelTimings.lastsMs);
	t.is(asked.counters, 0);
});

test('a label that is waited for settles with its counters, or without them at its limit, and then they are told when they come', async t => {
	const quick = course({route: 'unknown', isAwaited: true});
	quick.open(true);
	await quick.answerBeside();
	t.is(quick.told.at(-1), 'checking unknown verified');
	await quick.answerCounters();
	t.deepEqual(quick.told.slice(1), ['checking konnectivity verified', 'settled konnectivity verified']);

	const slow = course({route: 'unknown', isAwaited: true});
	slow.open(true);
	await slow.clock.advance(500);
	await slow.answerBeside();
	t.is(slow.asked.counters, 1);
	await slow.clock.advance(labelTimings.settleWithinMs - 501);
	t.is(slow.told.at(-1), 'checking unknown verified');
	await slow.clock.advance(1);
	t.is(slow.told.at(-1), 'settled unknown verified');
	await slow.answerCounters();
	t.is(slow.told.at(-1), 'settled konnectivity verified');
});

test('a command that is heard settles at once, and its node is not asked', async t => {
	const {clock, asked, told, label, open, answerBeside} = course({feature: 'exec'});
	open();
	await answerBeside();
	t.deepEqual(told, ['checking direct unknown', 'checking direct unknown'], 'what is known without its word is told');
	await clock.advance(labelTimings.silentMs - 1);
	label.tell({type: 'answered'});
	await clock.advance(0);
	t.deepEqual(told.slice(2), ['checking direct verified', 'settled direct verified']);
	await clock.advance(labelTimings.settleWithinMs);
	t.is(asked.node, 0);
	t.is(told.length, 4);
});

for (const [title, declares, settlesAt, state] of [
	['is known by a node that takes WebSockets itself', true, labelTimings.silentMs, 'verified'],
	['is not known by another node', false, labelTimings.settleWithinMs, 'unknown'],
	['is not known where the node does not answer', null, labelTimings.settleWithinMs, 'unknown'],
] as const) {
	test(`the far end of a silent command ${title}, which is asked after a while`, async t => {
		const {clock, asked, told, open, answerBeside} = course({feature: 'attach', declares});
		open();
		await answerBeside();
		await clock.advance(labelTimings.silentMs - 1);
		t.is(asked.node, 0);
		await clock.advance(1);
		t.is(asked.node, 1);
		// The answer is read as a stream.
		for (let turn = 0; turn < 20; turn++) {
			await clock.advance(0);
		}

		const left = settlesAt - labelTimings.silentMs;
		if (left > 0) {
			await clock.advance(left - 1);
			t.is(told.at(-1), 'checking direct unknown');
			await clock.advance(1);
		}

		t.is(told.at(-1), `settled direct ${state}`);
		t.is(asked.node, 1);
	});
}

test('the time of a command runs from its opening, not from when what is beside it is read', async t => {
	const {clock, asked, told, open, answerBeside} = course({feature: 'exec'});
	open();
	await clock.advance(labelTimings.silentMs + 100);
	await answerBeside();
	t.is(asked.node, 1);
	await clock.advance(labelTimings.settleWithinMs - labelTimings.silentMs - 101);
	t.is(told.at(-1), 'checking direct unknown');
	await clock.advance(1);
	t.is(told.at(-1), 'settled direct unknown');
});

for (const [title, end] of [
	[
		'fails',
		(label: LiveLabel) => {
			label.tell({type: 'failed', error: {} as never, time: ''});
		},
	],
	[
		'is closed',
		(label: LiveLabel) => {
			label.tell({type: 'closed'});
		},
	],
	['is told to nobody any more', () => undefined],
] as const) {
	for (const [when, at] of [
		['before what is beside it is read', 0],
		['while it is silent', 100],
		['while its node is asked', labelTimings.silentMs],
	] as const) {
		test(`a command that ${title} ${when} is neither told nor asked about afterwards`, async t => {
			const {clock, asked, told, label, sources, open, answerBeside} = course({feature: 'exec'});
			open();
			if (at > 0) {
				await answerBeside();
				await clock.advance(at);
			}

			end(label);
			label.leave();
			const [before, node] = [told.length, asked.node];
			await answerBeside();
			await clock.advance(labelTimings.settleWithinMs + labelTimings.lastsMs + 2 * labelTimings.closedForMs);
			t.deepEqual([told.length, asked.node, asked.elsewhere, asked.counters], [before, node, 0, 0]);
			t.is(processCacheFor(sources.cluster).gatewaySeen, at > 0 ? 'a balancer' : null, 'what came too late for it is not taken');
		});
	}
}

test('a quiet log is read beside after a while, and stays unsettled', async t => {
	const {clock, asked, told, label, sources, answerBeside} = course({feature: 'logs'});
	await observeBeforeUse(label, {} as Connection, sources);
	t.is(told.length, 2);
	await clock.advance(labelTimings.lastsMs - 1);
	t.is(asked.beside, 0);
	await clock.advance(1);
	t.is(asked.beside, 1);
	await answerBeside();
	t.deepEqual(told.slice(2), ['checking direct unknown']);
	t.is(label.life.shared.gatewaySeen, 'a balancer');
});

test('a log that is opened, or over, in time is not read beside as a quiet one', async t => {
	for (const happens of [
		(label: LiveLabel) => {
			label.tell({type: 'opened', byFarEnd: true});
		},
		(label: LiveLabel) => {
			label.leave();
		},
	]) {
		const early = course({feature: 'logs'});
		await observeBeforeUse(early.label, {} as Connection, early.sources);
		happens(early.label);
		await early.clock.advance(labelTimings.lastsMs);
		t.is(early.asked.beside, 0);

		const late = course({feature: 'logs'});
		await observeBeforeUse(late.label, {} as Connection, late.sources);
		await late.clock.advance(labelTimings.lastsMs);
		happens(late.label);
		const before = late.told.length;
		await late.answerBeside();
		t.deepEqual([late.told.length, late.label.life.shared], [before, noClusterObservations]);
	}
});

for (const [title, readings, isSilent, elsewhere] of [
	['are read', named, true, 0],
	['are refused', {...noConnectionObservations, closed: [refusal]}, false, 0],
	['did not come', {...noConnectionObservations, closed: [silence]}, true, 1],
] as const) {
	test(`flags that ${title} are ${elsewhere ? '' : 'not '}asked for elsewhere as the stream opens`, t => {
		const {asked, open} = course({readings, isSilent});
		open(true);
		t.is(asked.elsewhere, elsewhere);
	});
}

for (const [title, elsewhere, asks] of [
	['somebody says them', named, 1],
	['somebody refuses', {...noConnectionObservations, closed: [refusal]}, 1],
	['the stream is over', {...noConnectionObservations, closed: [silence]}, 3],
	['the stream is over, where no connection is made', null, 3],
] as const) {
	test(`flags that nobody said are asked for again until ${title}`, async t => {
		const {clock, asked, label, told, open, answerBeside} = course({readings: {...noConnectionObservations, closed: [silence]}, elsewhere});
		open(true);
		await answerBeside();
		await clock.advance(labelTimings.closedForMs - 1);
		t.is(asked.elsewhere, 0);
		await clock.advance(1);
		t.is(asked.elsewhere, 1);
		t.is(told.length, elsewhere === named ? 3 : 2);
		await clock.advance(2 * labelTimings.closedForMs);
		label.leave();
		await clock.advance(2 * labelTimings.closedForMs);
		t.is(asked.elsewhere, asks);
	});
}

test('one limit is inside the other: the node has time to answer, and a one-shot to hear that a label settled', t => {
	t.true(
		labelTimings.afterOpeningMs < labelTimings.silentMs &&
			3 * labelTimings.silentMs < labelTimings.settleWithinMs &&
			labelTimings.settleWithinMs < labelTimings.owedMs,
	);
});

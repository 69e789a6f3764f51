/** The rate of live lines. */
import test from 'ava';
import {ClockSkew, LineFlow} from '../../../source/session/tail/line-flow.ts';

test('the backlog of a log is counted but has no rate', t => {
	const flow = new LineFlow();
	flow.recordOpened(0, 0);
	t.false(flow.recordLines(0, 500, 100));
	t.deepEqual(flow.tick(1000), {inflow: 500, rate: null});
	t.false(flow.isPastBacklog(0, 2000));
	t.true(flow.isPastBacklog(0, 2001));
	t.false(flow.isPastBacklog(1, 9000));
});

test('the rate covers the live lines of the last five seconds', t => {
	const flow = new LineFlow();
	flow.recordOpened(0, 0);
	for (const [second, count] of [100, 10, 10, 10, 10, 10].entries()) {
		t.true(flow.recordLines(0, count, 3001 + 1000 * second));
		flow.tick(3500 + 1000 * second);
	}

	t.is(flow.tick(9500).rate, 8);
});

test('a restarted source has a backlog again', t => {
	const flow = new LineFlow();
	t.false(flow.recordLines(0, 1, 0));
	t.true(flow.recordLines(0, 1, 2001));
	flow.recordOpened(0, 3000);
	t.false(flow.recordLines(0, 1, 5000));
});

test('a log catches up until its lines are near now, and its lines have no rate before that', t => {
	const flow = new LineFlow();
	flow.recordOpened(0, 1_000_000);
	t.is(flow.catchingUpAt(1_000_100), null);
	t.false(flow.recordLines(0, 500, 1_003_000, 400_000));
	t.is(flow.catchingUpAt(1_003_900), 400_000);
	t.is(flow.tick(1_003_900).rate, null);
	t.true(flow.recordLines(0, 500, 1_005_000, 990_000));
	t.is(flow.catchingUpAt(1_005_000), null);
	t.true(flow.recordLines(0, 1, 1_006_000, 900_000), 'later lines with an old timestamp are live');
	t.is(flow.catchingUpAt(1_006_000), null);
});

test('a pause ends a backlog, also if the clock of the node is late', t => {
	const flow = new LineFlow();
	flow.recordOpened(0, 1_000_000);
	flow.recordLines(0, 500, 1_001_900, 400_000);
	t.is(flow.catchingUpAt(1_001_950), null, 'the first lines are no backlog that takes long');
	t.is(flow.catchingUpAt(1_002_950), null);
	t.true(flow.recordLines(0, 1, 1_004_000, 403_000));
	t.is(flow.catchingUpAt(1_004_000), null);
});

test('of several logs, the one that is furthest behind is named', t => {
	const flow = new LineFlow();
	for (const [source, time] of [400_000, 300_000].entries()) {
		flow.recordOpened(source, 1_000_000);
		flow.recordLines(source, 500, 1_003_000, time);
	}

	t.is(flow.catchingUpAt(1_003_100), 300_000);
});

function clocks(nodes: Readonly<Record<string, {aheadMs: number; delays: readonly number[]}>>): ClockSkew {
	const skew = new ClockSkew();
	for (const [node, {aheadMs, delays}] of Object.entries(nodes)) {
		for (const [index, delay] of delays.entries()) {
			const now = 1_000_000 + index * 100;
			skew.recordArrival(node, now - delay + aheadMs, now);
		}
	}

	return skew;
}

const usual = [30, 12, 40, 900, 15, 22];

test('equal clocks report no skew, even if single lines are late', t => {
	t.deepEqual(clocks({n1: {aheadMs: 0, delays: usual}, n2: {aheadMs: 20, delays: usual}}).skews(), []);
});

test('deviating clocks are reported, ahead or late, the greatest difference first', t => {
	t.deepEqual(
		clocks({
			n1: {aheadMs: 0, delays: usual},
			n2: {aheadMs: 400, delays: usual},
			n3: {aheadMs: 0, delays: usual},
			n4: {aheadMs: -1500, delays: usual},
			n5: {aheadMs: 0, delays: usual},
		}).skews(),
		[
			{node: 'n4', aheadMs: -1500},
			{node: 'n2', aheadMs: 400},
		],
	);
});

test('of two nodes, the one further from the local clock is reported', t => {
	t.deepEqual(clocks({n1: {aheadMs: 0, delays: usual}, n2: {aheadMs: 700, delays: usual}}).skews(), [{node: 'n2', aheadMs: 700}]);
});

test('one node, or few lines, report no skew', t => {
	t.deepEqual(clocks({n1: {aheadMs: 5000, delays: usual}}).skews(), []);
	t.deepEqual(clocks({n1: {aheadMs: 0, delays: usual}, n2: {aheadMs: 700, delays: [10, 20]}}).skews(), []);
});

test('a corrected clock is no longer reported after a while', t => {
	const skew = clocks({n1: {aheadMs: 0, delays: usual}, n2: {aheadMs: 700, delays: usual}});
	for (const from of [1_040_000, 1_080_000]) {
		for (let at = from; at < from + 1000; at += 100) {
			skew.recordArrival('n1', at - 10, at);
			skew.recordArrival('n2', at - 10, at);
		}
	}

	t.deepEqual(skew.skews(), []);
});

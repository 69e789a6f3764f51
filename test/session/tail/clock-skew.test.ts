/** Clock skew of nodes. */
import test from 'ava';
import {ClockSkew} from '../../../source/session/tail/clock-skew.ts';

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

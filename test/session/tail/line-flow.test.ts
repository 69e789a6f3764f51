/** The rate of live lines. */
import test from 'ava';
import {LineFlow} from '../../../source/session/tail/tail-reader.ts';

test('the backlog of a log is counted but has no rate', t => {
	const flow = new LineFlow();
	flow.recordOpened(0, 0);
	flow.recordLines(0, 500, 100);
	t.deepEqual(flow.tick(1000), {inflow: 500, rate: null});
	t.false(flow.isPastBacklog(0, 2000));
	t.true(flow.isPastBacklog(0, 2001));
	t.false(flow.isPastBacklog(1, 9000));
});

test('the rate covers the live lines of the last five seconds', t => {
	const flow = new LineFlow();
	flow.recordOpened(0, 0);
	for (const [second, count] of [100, 10, 10, 10, 10, 10].entries()) {
		flow.recordLines(0, count, 3001 + 1000 * second);
		flow.tick(3500 + 1000 * second);
	}

	t.is(flow.tick(9500).rate, 8);
});

test('a restarted source has a backlog again', t => {
	const flow = new LineFlow();
	flow.recordLines(0, 1, 0);
	flow.recordLines(0, 1, 2001);
	t.is(flow.tick(3001).rate, 1);
	flow.recordOpened(0, 3000);
	flow.recordLines(0, 1, 5000);
	t.is(flow.tick(6001).rate, 0.5);
});

test('a log catches up until its lines are near now, and its lines have no rate before that', t => {
	const flow = new LineFlow();
	flow.recordOpened(0, 1_000_000);
	t.is(flow.catchingUpAt(1_000_100), null);
	flow.recordLines(0, 500, 1_003_000, 400_000);
	t.is(flow.catchingUpAt(1_003_900), 400_000);
	t.is(flow.tick(1_003_900).rate, null);
	flow.recordLines(0, 500, 1_005_000, 990_000);
	t.is(flow.catchingUpAt(1_005_000), null);
	flow.recordLines(0, 1, 1_006_000, 900_000);
	t.is(flow.catchingUpAt(1_006_000), null);
	t.is(flow.tick(1_006_000).rate, 501, 'later lines with an old timestamp are live');
});

test('a pause ends a backlog, also if the clock of the node is late', t => {
	const flow = new LineFlow();
	flow.recordOpened(0, 1_000_000);
	flow.recordLines(0, 500, 1_001_900, 400_000);
	t.is(flow.catchingUpAt(1_001_950), null, 'the first lines are no backlog that takes long');
	t.is(flow.catchingUpAt(1_002_950), null);
	flow.recordLines(0, 1, 1_004_000, 403_000);
	t.is(flow.catchingUpAt(1_004_000), null);
	t.is(flow.tick(1_004_000).rate, 1);
});

test('of several logs, the one that is furthest behind is named', t => {
	const flow = new LineFlow();
	for (const [source, time] of [400_000, 300_000].entries()) {
		flow.recordOpened(source, 1_000_000);
		flow.recordLines(source, 500, 1_003_000, time);
	}

	t.is(flow.catchingUpAt(1_003_100), 300_000);
});

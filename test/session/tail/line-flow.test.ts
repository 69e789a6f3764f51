/** The rate of live lines. */
import test from 'ava';
import {LineFlow} from '../../../source/session/tail/line-flow.ts';

test('the backlog of a log is counted but has no rate', t => {
	const flow = new LineFlow();
	flow.opened(0, 0);
	t.false(flow.came(0, 500, 100));
	t.deepEqual(flow.tick(1000), {inflow: 500, rate: null});
	t.false(flow.isPastBacklog(0, 2000));
	t.true(flow.isPastBacklog(0, 2001));
	t.false(flow.isPastBacklog(1, 9000));
});

test('the rate covers the live lines of the last five seconds', t => {
	const flow = new LineFlow();
	flow.opened(0, 0);
	for (const [second, count] of [100, 10, 10, 10, 10, 10].entries()) {
		t.true(flow.came(0, count, 3001 + 1000 * second));
		flow.tick(3500 + 1000 * second);
	}

	t.is(flow.tick(9500).rate, 8);
});

test('a restarted source has a backlog again', t => {
	const flow = new LineFlow();
	t.false(flow.came(0, 1, 0));
	t.true(flow.came(0, 1, 2001));
	flow.opened(0, 3000);
	t.false(flow.came(0, 1, 5000));
});

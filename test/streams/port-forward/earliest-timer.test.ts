/** What is asked for several times is done once, at the earliest moment. */
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {EarliestTimer} from '../../../source/streams/port-forward/earliest-timer.ts';

test('the earliest moment counts, and what is stopped is not done', async t => {
	let done = 0;
	const soonest = new EarliestTimer(() => {
		done++;
	});
	soonest.scheduleWithin(60_000);
	soonest.scheduleWithin(5);
	soonest.scheduleWithin(10);
	await delay(100);
	t.is(done, 1);
	soonest.scheduleWithin(5);
	soonest.stop();
	await delay(50);
	t.is(done, 1);
});

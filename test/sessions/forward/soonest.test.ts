/** What is asked for several times is done once, at the earliest moment. */
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {Soonest} from '../../../source/sessions/forward/soonest.ts';

test('the earliest moment counts, and what is stopped is not done', async t => {
	let done = 0;
	const soonest = new Soonest(() => {
		done++;
	});
	soonest.within(60_000);
	soonest.within(5);
	soonest.within(10);
	await delay(100);
	t.is(done, 1);
	soonest.within(5);
	soonest.stop();
	await delay(50);
	t.is(done, 1);
});

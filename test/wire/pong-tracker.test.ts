import test from 'ava';
import {PongTracker} from '../../source/wire/pings.ts';
import {manualClock} from '../support/manual-clock.ts';

function waiting() {
	const clock = manualClock();
	const late: number[] = [];
	const state = {deaf: false};
	const answers = new PongTracker({onPingOverdue: ms => late.push(ms), isPaused: () => state.deaf, clock: clock});
	return {clock, late, state, answers};
}

test('a pong within 5 s or three times the last round trip is not overdue', async t => {
	const {clock, late, answers} = waiting();
	answers.sent(1);
	await clock.advance(4000);
	t.is(answers.received(1), 4000);
	answers.sent(3);
	await clock.advance(11_999);
	t.deepEqual(late, []);
	await clock.advance(1);
	t.deepEqual(late, [12_000]);
	t.true(answers.isWaiting);
});

test('the overdue time counts from the oldest unanswered ping', async t => {
	const {clock, late, answers} = waiting();
	answers.sent(1);
	await clock.advance(3000);
	answers.sent(2);
	await clock.advance(2000);
	t.deepEqual(late, [5000]);
	t.is(answers.received(1), 5000);
	await clock.advance(12_999);
	t.deepEqual(late, [5000]);
	await clock.advance(1);
	t.deepEqual(late, [5000, 15_000], 'three times the last one, from the second on');
	t.is(answers.received(2), 15_000);
	t.is(answers.received(2), undefined);
	t.false(answers.isWaiting);
});

test('a pong is overdue only after reading has resumed', async t => {
	const {clock, late, state, answers} = waiting();
	state.deaf = true;
	answers.sent(1);
	await clock.advance(60_000);
	t.deepEqual(late, []);
	state.deaf = false;
	await clock.advance(1000);
	t.deepEqual(late, [61_000]);
});

test('overdue pings are reported from the oldest, and never after stop', async t => {
	const {clock, late, answers} = waiting();
	for (let id = 1; id <= 40; id++) {
		answers.sent(id);
		await clock.advance(100);
	}

	await clock.advance(1000);
	t.deepEqual(late, [5000]);
	t.is(answers.received(40), undefined, 'it was not kept');
	t.is(answers.received(16), 3500);
	answers.sent(41);
	answers.stop();
	await clock.advance(100_000);
	t.deepEqual(late, [5000]);
});

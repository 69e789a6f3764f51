/** When an answer is missed, by a clock that is turned by hand. */
import test from 'ava';
import {PongTracker} from '../../source/wire/pong-tracker.ts';
import {handClock} from '../support/manual-clock.ts';

function waiting() {
	const clock = handClock();
	const late: number[] = [];
	const state = {deaf: false};
	const answers = new PongTracker({onLate: ms => late.push(ms), isPaused: () => state.deaf, timing: clock});
	return {clock, late, state, answers};
}

test('an answer within five seconds, or three times the last one, is not missed', async t => {
	const {clock, late, answers} = waiting();
	answers.asked(1);
	await clock.advance(4000);
	t.is(answers.came(1), 4000);
	answers.asked(3);
	await clock.advance(11_999);
	t.deepEqual(late, []);
	await clock.advance(1);
	t.deepEqual(late, [12_000]);
	t.true(answers.isWaiting);
});

test('what is missed is counted from the oldest ping that is unanswered', async t => {
	const {clock, late, answers} = waiting();
	answers.asked(1);
	await clock.advance(3000);
	answers.asked(2);
	await clock.advance(2000);
	t.deepEqual(late, [5000]);
	t.is(answers.came(1), 5000);
	await clock.advance(12_999);
	t.deepEqual(late, [5000]);
	await clock.advance(1);
	t.deepEqual(late, [5000, 15_000], 'three times the last one, from the second on');
	t.is(answers.came(2), 15_000);
	t.is(answers.came(2), undefined);
	t.false(answers.isWaiting);
});

test('while we do not read none is missed, and soon after none came it is', async t => {
	const {clock, late, state, answers} = waiting();
	state.deaf = true;
	answers.asked(1);
	await clock.advance(60_000);
	t.deepEqual(late, []);
	state.deaf = false;
	await clock.advance(1000);
	t.deepEqual(late, [61_000]);
});

test('however many are unanswered, the oldest says since when, and behind the end none is missed', async t => {
	const {clock, late, answers} = waiting();
	for (let id = 1; id <= 40; id++) {
		answers.asked(id);
		await clock.advance(100);
	}

	await clock.advance(1000);
	t.deepEqual(late, [5000]);
	t.is(answers.came(40), undefined, 'it was not kept');
	t.is(answers.came(16), 3500);
	answers.asked(41);
	answers.stop();
	await clock.advance(100_000);
	t.deepEqual(late, [5000]);
});

/** Delays and ages by a clock. */
import {getEventListeners} from 'node:events';
import process from 'node:process';
import {mock} from 'node:test';
import {setImmediate as turn} from 'node:timers/promises';
import test from 'ava';
import {afterTurns, clockDelay, continuousMs, isRecent, systemClock} from '../../../source/base/async/clock.ts';
import {manualClock} from '../../support/manual-clock.ts';

test('a delay ends when its clock reaches the time', async t => {
	const clock = manualClock();
	let hasEnded = false;
	const waiting = clockDelay(clock, 1000).then(() => {
		hasEnded = true;
	});
	await clock.advance(999);
	t.false(hasEnded);
	await clock.advance(1);
	await waiting;
	t.true(hasEnded);
});

test('an abort ends a delay early and leaves no listener', async t => {
	const stop = new AbortController();
	const waiting = clockDelay(manualClock(), 1000, stop.signal);
	stop.abort();
	await waiting;
	await clockDelay(manualClock(), 1000, stop.signal);
	t.deepEqual(getEventListeners(stop.signal, 'abort'), []);
});

test('a delay of no length ends at once', async t => {
	await clockDelay(manualClock(), 0);
	await t.notThrowsAsync(clockDelay(manualClock(), -5));
});

test('canceled work of the system clock does not run', async t => {
	const done: string[] = [];
	const cancel = systemClock.after(1, () => done.push('canceled'));
	const {promise, resolve} = Promise.withResolvers<void>();
	systemClock.after(5, () => {
		done.push('kept');
		resolve();
	});
	cancel();
	// The timers of the system clock do not keep the process alive.
	const alive = setInterval(() => {}, 1000);
	await promise;
	clearInterval(alive);
	t.deepEqual(done, ['kept']);
});

for (const [title, at, now, expected] of [
	['unknown', undefined, 1000, false],
	['now', 1000, 1000, true],
	['just within the age', 901, 1000, true],
	['at the age', 900, 1000, false],
	['before the clock was set back', 1001, 1000, false],
] as const) {
	test(`a time ${title} is ${expected ? '' : 'not '}recent`, t => {
		t.is(isRecent(at, 100, now), expected);
	});
}

test('a response timeout fires on time, and never once canceled', async t => {
	const clock = manualClock();
	const done: string[] = [];
	afterTurns(clock, 300, () => done.push('kept'));
	const cancel = afterTurns(clock, 300, () => done.push('canceled'));
	await clock.advance(299);
	cancel();
	t.deepEqual(done, []);
	await clock.advance(1);
	t.deepEqual(done, ['kept']);
});

test('a response timeout does not count the time of a blocked event loop', async t => {
	let hasEnded = false;
	const cancel = afterTurns(systemClock, 150, () => {
		hasEnded = true;
	});
	for (let turns = 0; turns < 4; turns++) {
		Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150);
		await turn();
	}

	t.false(hasEnded);
	cancel();
});

test.serial('continuous time counts suspended time, and never goes back with the system clock', t => {
	const startedAt = Date.now();
	mock.timers.enable({apis: ['Date'], now: startedAt});
	const uptime = mock.method(process, 'uptime', () => 0);
	t.teardown(() => {
		mock.timers.reset();
		uptime.mock.restore();
	});
	const began = continuousMs();
	mock.timers.setTime(startedAt + 60_000);
	t.is(continuousMs() - began, 60_000);
	mock.timers.setTime(startedAt - 60_000);
	t.is(continuousMs() - began, 60_000);
	uptime.mock.mockImplementation(() => 1);
	t.is(continuousMs() - began, 61_000);
});

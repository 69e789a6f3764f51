import {setImmediate as turn, setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {systemClock} from '../../source/base/async/clock.ts';
import {SpdyPings} from '../../source/wire/pings.ts';
import {manualClock} from '../support/manual-clock.ts';

/** PINGs every few milliseconds; `turnTo` sets the clock, and waits for two more checks. */
function watched(t: ExecutionContext, isExcused = false) {
	let now = 0;
	const [sent, lost, roundTrips]: [number[], number[], number[]] = [[], [], []];
	const pings = new SpdyPings({
		intervalMs: 5,
		silenceMs: 100,
		send: id => sent.push(id),
		isSilenceExcused: () => isExcused,
		onRoundTrip: ms => roundTrips.push(ms),
		onSilence: ms => lost.push(ms),
		clock: {...systemClock, elapsed: () => now},
	});
	t.teardown(() => {
		pings.stop();
	});
	return {
		pings,
		sent,
		lost,
		roundTrips,
		async turnTo(ms: number) {
			now = ms;
			for (let looks = 0; looks < 3; looks++) {
				// Their timer is due before this one, however late both are.
				await delay(6);
				await turn();
			}

			return lost.length > 0;
		},
		set(ms: number) {
			now = ms;
		},
	};
}

for (const [title, before, lastsUntil] of [
	['never heard', () => {}, 100],
	[
		'heard once',
		({pings, set}: ReturnType<typeof watched>) => {
			set(50);
			pings.onBytes();
		},
		150,
	],
	[
		'sent data, and heard of nothing since: it may only be slow',
		({pings, set}: ReturnType<typeof watched>) => {
			set(10);
			pings.onDataSent();
		},
		1000,
	],
	[
		'sent data, and heard of since',
		({pings, set}: ReturnType<typeof watched>) => {
			set(10);
			pings.onDataSent();
			set(20);
			pings.onBytes();
		},
		120,
	],
] as const) {
	test.serial(`a peer that was ${title} is lost after ${lastsUntil} ms, not earlier`, async t => {
		const watch = watched(t);
		await watch.turnTo(0);
		before(watch);
		t.false(await watch.turnTo(lastsUntil));
		t.true(await watch.turnTo(lastsUntil + 1));
	});
}

test.serial('excused silence does not end a session', async t => {
	const watch = watched(t, true);
	t.false(await watch.turnTo(5000));
	t.true(watch.sent.length > 1);
});

test.serial('after a long sleep, a PING precedes the loss', async t => {
	const watch = watched(t);
	t.true(await watch.turnTo(5000));
	t.deepEqual([watch.sent, watch.lost[0]], [[1], 5000]);
});

test.serial('an answered PING is timed once, and foreign or excess PINGs are ignored', async t => {
	const {pings, sent, roundTrips, set} = watched(t);
	pings.send();
	set(7);
	t.deepEqual([pings.acceptPong(1), pings.acceptPong(1), pings.acceptPong(2)], [true, true, false]);
	t.deepEqual(roundTrips, [7]);
	for (let more = 0; more < 17; more++) {
		pings.send();
	}

	set(10);
	t.true(pings.acceptPong(5));
	t.deepEqual(roundTrips, [7, 3]);
	t.true(pings.acceptPong(3));
	t.deepEqual(roundTrips, [7, 3], 'it came before');
	t.true(pings.acceptPong(35));
	t.deepEqual(roundTrips, [7, 3], 'the last of seventeen');
	t.deepEqual(sent.slice(0, 3), [1, 3, 5]);
	pings.stop();
	const {length} = sent;
	await delay(20);
	t.is(sent.length, length, 'none after the end');
});

test.serial('an overdue answer is reported once reading is not paused', async t => {
	const clock = manualClock();
	const overdue: number[] = [];
	let isPaused = true;
	const pings = new SpdyPings({
		intervalMs: 0,
		silenceMs: 60_000,
		send: () => {},
		isSilenceExcused: () => false,
		onRoundTrip: () => {},
		onPingOverdue: ms => overdue.push(ms),
		isPaused: () => isPaused,
		onSilence: () => {},
		clock,
	});
	pings.send();
	await clock.advance(5000);
	t.deepEqual(overdue, []);
	isPaused = false;
	await clock.advance(1000);
	t.deepEqual(overdue, [6000]);
	pings.stop();
});

import process from 'node:process';
import test from 'ava';
import {stableAfterMs} from '../../source/base/async/clock.ts';
import {Outage} from '../../source/cluster/outage.ts';

/** Sets the time that both clocks of the process show. */
function withTime(t: {teardown: (restore: () => void) => void}): {ms: number} {
	const [{uptime}, {now}] = [process, Date];
	const time = {ms: 0};
	process.uptime = () => time.ms / 1000;
	Date.now = () => time.ms;
	t.teardown(() => {
		process.uptime = uptime;
		Date.now = now;
	});
	return time;
}

const backoff = {initialMs: 200, maxMs: 1000};

test.serial('failures in a row wait longer, up to the maximum', t => {
	const outage = new Outage(backoff);
	t.deepEqual(
		Array.from({length: 5}, () => outage.recordFailure()),
		[200, 400, 800, 1000, 1000],
	);
	t.is(outage.attempt, 5);
});

test.serial('a failure of what has lasted is a first one, and of what ended at once is not', t => {
	const time = withTime(t);
	const outage = new Outage(backoff);
	for (const [lastedMs, attempt] of [
		[0, 1],
		[stableAfterMs, 2],
		[stableAfterMs + 1, 1],
	] as const) {
		outage.recordStart();
		time.ms += lastedMs;
		outage.recordFailure();
		t.is(outage.attempt, attempt);
	}

	time.ms += 2 * stableAfterMs;
	outage.recordFailure();
	t.is(outage.attempt, 2, 'nothing has started since');
});

test.serial('an outage lasts from the first loss to the recovery', t => {
	const time = withTime(t);
	const outage = new Outage(backoff);
	t.is(outage.durationMs, null);
	t.is(outage.recordRecovery(), 0);
	outage.recordLoss();
	time.ms += 700;
	outage.recordLoss();
	time.ms += 300;
	t.is(outage.durationMs, 1000);
	t.is(outage.recordRecovery(), 1000);
	t.is(outage.durationMs, null);
});

/** Delays of each back-off, by attempt and random number. */
import test from 'ava';
import {backoffMs} from '../../../source/base/async/clock.ts';

for (const [title, backoff, random, expected] of [
	['doubles up to its maximum', {initialMs: 1000, maxMs: 15_000}, 0.9, [1000, 2000, 4000, 8000, 15_000, 15_000]],
	['starts at the low end of its jitter', {initialMs: 200, maxMs: 2000, jitter: [0.5, 1]}, 0, [100, 200, 400, 800, 1000, 1000]],
	['can exceed its maximum by its jitter', {initialMs: 500, maxMs: 4000, jitter: [0.75, 1.25]}, 1, [625, 1250, 2500, 5000, 5000, 5000]],
	['is its delay in the middle of its jitter', {initialMs: 500, maxMs: 1500, jitter: [0.5, 1.5]}, 0.5, [500, 1000, 1500, 1500, 1500, 1500]],
	['is a whole number', {initialMs: 1, maxMs: 9, jitter: [0.5, 1]}, 0.4, [1, 1, 3, 6, 6, 6]],
] as const) {
	test(`a back-off ${title}`, t => {
		t.deepEqual(
			[1, 2, 3, 4, 5, 6].map(attempt => backoffMs(attempt, backoff, () => random)),
			[...expected],
		);
	});
}

test('a back-off stays at its maximum after thousands of attempts', t => {
	t.is(backoffMs(5000, {initialMs: 1000, maxMs: 15_000}), 15_000);
});

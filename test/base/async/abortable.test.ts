import {getEventListeners} from 'node:events';
import test from 'ava';
import {abortableDelay, anySignal, clampTimerMs, delayUpTo, rejectOnAbort} from '../../../source/base/async/clock.ts';

const reason = new Error('not wanted');

for (const [title, wait] of [
	['a delay', async (signal: AbortSignal) => abortableDelay(60_000, signal)],
	['a promise that never settles', async (signal: AbortSignal) => rejectOnAbort(async () => new Promise<void>(() => {}), signal)],
] as const) {
	test(`${title} rejects on abort, and does not start after one`, async t => {
		const stop = new AbortController();
		const waiting = wait(stop.signal);
		stop.abort(reason);
		t.is(await t.throwsAsync(waiting), reason);
		t.is(await t.throwsAsync(wait(stop.signal)), reason);
		t.deepEqual(getEventListeners(stop.signal, 'abort'), []);
	});
}

test('any of several signals aborts, and missing ones are left out', t => {
	const [first, second] = [new AbortController(), new AbortController()];
	const any = anySignal(first.signal, undefined, second.signal);
	second.abort(reason);
	t.is(any.reason, reason);
	t.is(anySignal(undefined, first.signal), first.signal);
	t.false(anySignal(undefined).aborted);
});

test('returns the value without an abort, with and without a signal', async t => {
	const stop = new AbortController();
	for (const signal of [stop.signal, undefined]) {
		t.is(await rejectOnAbort(async () => 'value', signal), 'value');
		await t.throwsAsync(
			rejectOnAbort(async () => {
				throw new Error('own');
			}, signal),
			{message: 'own'},
		);
		await abortableDelay(1, signal);
	}

	t.deepEqual(getEventListeners(stop.signal, 'abort'), []);
});

test('starts nothing after an abort, and ignores a later failure', async t => {
	let begun = 0;
	await t.throwsAsync(
		rejectOnAbort(async () => {
			begun++;
		}, AbortSignal.abort(reason)),
	);
	t.is(begun, 0);
	const stop = new AbortController();
	const late = Promise.withResolvers<void>();
	const waiting = rejectOnAbort(async () => late.promise, stop.signal);
	stop.abort(reason);
	await t.throwsAsync(waiting);
	late.reject(new Error('late'));
	await abortableDelay(1, undefined);
});

test('an early end of a delay is no error, before and after its start', async t => {
	const stop = new AbortController();
	const waiting = delayUpTo(60_000, stop.signal);
	stop.abort(reason);
	await waiting;
	await delayUpTo(60_000, stop.signal);
	t.deepEqual(getEventListeners(stop.signal, 'abort'), []);
});

for (const [timeoutMs, expected] of [
	[0, 0],
	[0.5, 1],
	[1000, 1000],
	[2 ** 31 - 1, 2 ** 31 - 1],
	[2 ** 31, 2 ** 31 - 1],
	[Infinity, 2 ** 31 - 1],
] as const) {
	test(`a timeout of ${timeoutMs} ms becomes a timer of ${expected} ms`, t => {
		t.is(clampTimerMs(timeoutMs), expected);
	});
}

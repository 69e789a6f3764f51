/** Waiters of a queue. */
import test from 'ava';
import {WaitQueue} from '../../source/async/wait-queue.ts';

test('a wait queue serves waiters in order while items remain', async t => {
	const queue = new WaitQueue<string>();
	const [first, second] = [queue.wait(), queue.wait()];
	const items = ['one'];
	queue.serve(() => items.shift());
	t.is(await first, 'one');
	t.is(queue.length, 1);
	queue.serve(() => 'two');
	t.is(await second, 'two');
});

test('an aborted waiter receives nothing, and rejected waiters receive the error', async t => {
	const queue = new WaitQueue<string>();
	const stop = new AbortController();
	const [first, second] = [queue.wait(stop.signal), queue.wait()];
	stop.abort(new Error('left'));
	await t.throwsAsync(first, {message: 'left'});
	t.is(queue.length, 1);
	queue.rejectAll(() => new Error('closed'));
	await t.throwsAsync(second, {message: 'closed'});
	t.is(queue.length, 0);
});

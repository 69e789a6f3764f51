/** Whoever waits is served in turn. */
import test from 'ava';
import {WaitQueue} from '../../../source/streams/port-forward/wait-queue.ts';

const never = new AbortController().signal;

test('in the order in which they came, as long as there is something', async t => {
	const line = new WaitQueue<string>();
	const [first, second] = [line.wait(never), line.wait(never)];
	const things = ['one'];
	line.serve(() => things.shift());
	t.is(await first, 'one');
	t.is(line.length, 1);
	line.serve(() => 'two');
	t.is(await second, 'two');
});

test('who gives up is given nothing, and those who are turned away hear why', async t => {
	const line = new WaitQueue<string>();
	const given = new AbortController();
	const [first, second] = [line.wait(given.signal), line.wait(never)];
	given.abort(new Error('left'));
	await t.throwsAsync(first, {message: 'left'});
	t.is(line.length, 1);
	line.rejectAll(() => new Error('closed'));
	await t.throwsAsync(second, {message: 'closed'});
	t.is(line.length, 0);
});

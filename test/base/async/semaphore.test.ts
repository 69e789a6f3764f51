/** Slots of a semaphore: their number, order and end. */
import {getEventListeners} from 'node:events';
import {setImmediate as turn} from 'node:timers/promises';
import test from 'ava';
import {Semaphore, WaitQueue} from '../../../source/base/async/queues.ts';
import {until} from '../../support/until.ts';

/** Named work that runs until `end`. */
function startWork(semaphore: Semaphore) {
	const started: string[] = [];
	const ends = new Map<string, PromiseWithResolvers<void>>();
	return {
		started,
		async start(names: string, signal?: AbortSignal) {
			const runs = [...names].map(async name =>
				semaphore.run(async () => {
					started.push(name);
					const end = Promise.withResolvers<void>();
					ends.set(name, end);
					await end.promise;
				}, signal),
			);
			await turn();
			return {runs};
		},
		async end(name: string, error?: Error) {
			const end = ends.get(name)!;
			if (error) {
				end.reject(error);
			} else {
				end.resolve();
			}

			await turn();
		},
	};
}

for (const [limit, ends, expected] of [
	[1, '', 'a'],
	[2, '', 'ab'],
	[2, 'b', 'abc'],
	[2, 'ba', 'abcd'],
	[4, '', 'abcd'],
] as const) {
	test(`a limit of ${limit} starts ${expected} after the end of ${ends || 'none'}`, async t => {
		const {started, start, end} = startWork(new Semaphore(limit));
		void start('abcd');
		await turn();
		for (const name of ends) {
			await end(name);
		}

		t.is(started.join(''), expected);
	});
}

test('work that fails frees its slot', async t => {
	const {started, start, end} = startWork(new Semaphore(1));
	const {
		runs: [first],
	} = await start('ab');
	const failure = t.throwsAsync(first!, {message: 'failed'});
	await end('a', new Error('failed'));
	await failure;
	t.is(started.join(''), 'ab');
});

test('an abort removes a waiter and its listener, and costs no slot', async t => {
	const {started, start, end} = startWork(new Semaphore(1));
	const stop = new AbortController();
	await start('a');
	const {
		runs: [second],
	} = await start('b', stop.signal);
	await start('c');
	stop.abort(new Error('left'));
	await t.throwsAsync(second!, {message: 'left'});
	t.deepEqual(getEventListeners(stop.signal, 'abort'), []);
	await end('a');
	t.is(started.join(''), 'ac');
	await end('c');
	await start('d');
	t.is(started.join(''), 'acd');
});

test('an abort after the slot was given frees it again', async t => {
	const semaphore = new Semaphore(1);
	const [end, stop] = [Promise.withResolvers<void>(), new AbortController()];
	const first = semaphore.run(async () => end.promise);
	const waiting = semaphore.run(async () => t.fail(), stop.signal);
	// Runs between the end of the wait and the start of the work.
	void first.then(() => {
		stop.abort(new Error('left'));
	});
	end.resolve();
	await t.throwsAsync(waiting, {message: 'left'});
	t.is(await semaphore.run(async () => 'free'), 'free');
	await t.throwsAsync(
		semaphore.run(async () => t.fail(), stop.signal),
		{message: 'left'},
	);
});

test('work that holds its slot too long shares it', async t => {
	const semaphore = new Semaphore(1, 20);
	void semaphore.run(async () => new Promise<never>(() => {}));
	t.is(await semaphore.run(async () => 'free'), 'free');
});

test('work that ends after it shared its slot frees no second one', async t => {
	const {started, start, end} = startWork(new Semaphore(1, 300));
	void start('abc');
	await until(() => started.length === 2, started);
	await end('a');
	t.is(started.join(''), 'ab');
});

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

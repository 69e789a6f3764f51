import test from 'ava';
import {reconnectDelay} from '../../../source/streams/logs/reconnect-delay.ts';
import {Semaphore} from '../../../source/streams/logs/semaphore.ts';

test('the delay doubles, is jittered, and never keeps a follow away for more than 2 s', t => {
	t.deepEqual(
		[1, 2, 3, 4, 5, 9, 50].map(attempt => reconnectDelay(attempt, 0, () => 1)),
		[200, 400, 800, 1600, 2000, 2000, 2000],
	);
	t.deepEqual(
		[1, 2, 3, 4, 5, 9, 50].map(attempt => reconnectDelay(attempt, 0, () => 0)),
		[100, 200, 400, 800, 1000, 1000, 1000],
	);
});

test('a time that the server asked for is a least time', t => {
	t.is(
		reconnectDelay(1, 5000, () => 0),
		5000,
	);
	t.is(
		reconnectDelay(1, 5000, () => 1),
		6000,
	);
});

test('a time that no timer can wait is not waited for at once', t => {
	t.is(
		reconnectDelay(1, 1e12, () => 0),
		2 ** 31 - 1,
	);
});

test('no more than so many open at once, and one that takes long makes room', async t => {
	const gate = new Semaphore(3);
	let inside = 0;
	let most = 0;
	await Promise.all(
		Array.from({length: 20}, async () =>
			gate.run(async () => {
				inside++;
				most = Math.max(most, inside);
				await new Promise(resolve => {
					setTimeout(resolve, 5);
				});
				inside--;
			}),
		),
	);
	t.is(most, 3);
	const never = new Promise<void>(() => {});
	for (let index = 0; index < 3; index++) {
		void gate.run(async () => never, 20);
	}

	t.is(await gate.run(async () => 'through'), 'through');
});

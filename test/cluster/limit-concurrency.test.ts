import test from 'ava';
import {limitConcurrency} from '../../source/cluster/transport/limit-concurrency.ts';

function work() {
	const begun: string[] = [];
	const ends = new Map<string, () => void>();
	const run = (name: string) => async () => {
		begun.push(name);
		await new Promise<void>(resolve => {
			ends.set(name, resolve);
		});
	};

	return {
		begun,
		run,
		async end(name: string) {
			ends.get(name)!();
			await new Promise(resolve => {
				setImmediate(resolve);
			});
		},
	};
}

test('runs two at once, and the others in order', async t => {
	const limited = limitConcurrency(2);
	const {begun, run, end} = work();
	for (const name of ['a', 'b', 'c', 'd']) {
		void limited(run(name));
	}

	t.deepEqual(begun, ['a', 'b']);
	await end('b');
	t.deepEqual(begun, ['a', 'b', 'c']);
	await end('a');
	t.deepEqual(begun, ['a', 'b', 'c', 'd']);
});

test('an abort removes a waiter from the queue', async t => {
	const limited = limitConcurrency(1);
	const {begun, run, end} = work();
	const gone = new AbortController();
	void limited(run('a'));
	const second = limited(run('b'), gone.signal);
	void limited(run('c'));
	gone.abort(new Error('left'));
	await t.throwsAsync(second, {message: 'left'});
	await end('a');
	t.deepEqual(begun, ['a', 'c']);
	await end('c');
	void limited(run('d'));
	t.deepEqual(begun, ['a', 'c', 'd']);
});

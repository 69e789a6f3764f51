/** Events of a queue: their order, backpressure and end. */
import {setImmediate as turn} from 'node:timers/promises';
import test from 'ava';
import {EventQueue} from '../../../source/base/async/queues.ts';

const failure = new Error('lost');

async function readAll(queue: EventQueue<string>): Promise<string> {
	let read = '';
	try {
		for await (const event of queue) {
			read += event;
		}
	} catch (error) {
		read += ` ${(error as Error).message}`;
	}

	return read;
}

for (const [title, fill, expected] of [
	['reads events in order until the end', ['a', 'b', 'end'], 'ab'],
	['reads pending events before the error', ['a', 'b', 'fail'], 'ab lost'],
	['ignores events after the end', ['a', 'end', 'b'], 'a'],
	['keeps the first of two ends', ['a', 'end', 'fail'], 'a'],
	['keeps the first error', ['fail', 'a', 'end'], ' lost'],
] as const) {
	for (const isEarly of [true, false]) {
		test(`${title}, filled ${isEarly ? 'before' : 'while'} it is read`, async t => {
			const queue = new EventQueue<string>();
			const read = isEarly ? null : readAll(queue);
			await turn();
			for (const step of fill) {
				if (step === 'end') {
					queue.end();
				} else if (step === 'fail') {
					queue.fail(failure);
				} else if (step === 'a') {
					void queue.push(step);
				} else {
					queue.emit(step);
				}
			}

			t.is(await (read ?? readAll(queue)), expected);
		});
	}
}

test('a push resolves after the reader has handled the event', async t => {
	const queue = new EventQueue<string>();
	let isHandled = false;
	const pushed = queue.push('a').then(() => {
		isHandled = true;
	});
	const reader = queue[Symbol.asyncIterator]();
	t.deepEqual(await reader.next(), {value: 'a', done: false});
	await turn();
	t.false(isHandled);
	void reader.next();
	await pushed;
	t.true(isHandled);
});

test('a canceled queue ends without the error that was not read yet', async t => {
	const queue = new EventQueue<string>();
	queue.emit('a');
	queue.fail(failure);
	queue.cancel();
	t.is(await readAll(queue), 'a');
});

for (const [title, read] of [
	[
		'stopped',
		async (queue: EventQueue<string>) => {
			await queue[Symbol.asyncIterator]().return?.();
		},
	],
	['read everything', readAll],
] as const) {
	test(`a queue calls back once when its reader has ${title}`, async t => {
		let ends = 0;
		const queue = new EventQueue<string>(() => {
			ends++;
		});
		queue.emit('a');
		queue.end();
		t.is(ends, 0);
		await read(queue);
		t.is(ends, 1);
	});
}

test('a reader that stops releases all producers, also later ones', async t => {
	const queue = new EventQueue<string>();
	const pushed = [queue.push('a'), queue.push('b')];
	for await (const event of queue) {
		t.is(event, 'a');
		break;
	}

	await Promise.all([...pushed, queue.push('c')]);
	t.is(await readAll(queue), '');
});

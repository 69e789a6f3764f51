import {Writable} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {createOutputWriter} from '../../../source/report/output/output-writer.ts';

test('all waiting writers continue when a slow reader has read', async t => {
	const read: string[] = [];
	const slow = new Writable({
		highWaterMark: 1,
		write(chunk: Buffer, _encoding, done) {
			setTimeout(() => {
				read.push(chunk.toString());
				done();
			}, 5);
		},
	});
	const output = createOutputWriter(slow);
	const all = Promise.all(['a', 'b', 'c'].map(async text => output.write(text)));
	t.is(await Promise.race([all.then(() => 'went on'), delay(2000, 'waits')]), 'went on');
	t.deepEqual(read, ['a', 'b', 'c']);
});

test('writes in quick succession are gathered, but not the first, nor what a flush passes on', async t => {
	const writes: string[] = [];
	const stream = new Writable({
		write(chunk: Buffer, _encoding, done) {
			writes.push(chunk.toString());
			done();
		},
		writev(chunks, done) {
			writes.push(chunks.map(({chunk}) => String(chunk)).join(''));
			done();
		},
	});
	const output = createOutputWriter(stream, {gatherMs: 30_000});
	await output.write('a');
	t.deepEqual(writes, ['a']);
	await output.write('b');
	await output.write('c');
	t.deepEqual(writes, ['a']);
	output.flush();
	t.deepEqual(writes, ['a', 'bc']);
	await output.write('d');
	await output.write('e'.repeat(stream.writableHighWaterMark));
	t.is(writes.at(-1)![0], 'd');
	await output.write('f');
	await output.finished();
	t.true(writes.includes('f'));
});

test('gathered writes are passed on by themselves', async t => {
	const writes: string[] = [];
	const {promise: passedOn, resolve} = Promise.withResolvers<void>();
	const stream = new Writable({
		write(chunk: Buffer, _encoding, done) {
			writes.push(chunk.toString());
			if (writes.length === 2) {
				resolve();
			}

			done();
		},
	});
	const output = createOutputWriter(stream, {gatherMs: 1});
	await output.write('a');
	await output.write('b');
	await passedOn;
	t.deepEqual(writes, ['a', 'b']);
});

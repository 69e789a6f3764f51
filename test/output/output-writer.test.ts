import {Writable} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {createOutputWriter} from '../../source/output/output-writer.ts';

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

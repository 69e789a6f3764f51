/** Of a refusal what tells is read, however long it is and whether it ends or not. */
import {Readable} from 'node:stream';
import test from 'ava';
import {readBodyPrefix} from '../../source/cluster/read-body-prefix.ts';

test('no more is read than was asked for, and the rest is not waited for', async t => {
	const body = Readable.from([Buffer.from('abc'), Buffer.from('def'), Buffer.from('ghi')]);
	t.is(await readBodyPrefix(body, 5), 'abcde');
	t.true(body.destroyed);
});

test('of one that stands still it is what came', async t => {
	const body = new Readable({read() {}});
	body.push('first words');
	t.is(await readBodyPrefix(body, 100, {timeoutMs: 50}), 'first words');
	t.true(body.destroyed);
});

test('of one that is cut it is what came', async t => {
	const body = new Readable({read() {}});
	body.push('first words');
	setImmediate(() => body.destroy(new Error('cut')));
	t.is(await readBodyPrefix(body, 100), 'first words');
});

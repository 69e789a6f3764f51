import {Readable} from 'node:stream';
import test from 'ava';
import {readBodyPrefix} from '../../source/cluster/read-body-prefix.ts';

test('reads no more than the maximum, and does not wait for the rest', async t => {
	const body = Readable.from([Buffer.from('abc'), Buffer.from('def'), Buffer.from('ghi')]);
	t.is(await readBodyPrefix(body, 5), 'abcde');
	t.true(body.destroyed);
});

test('returns what arrived when the body stalls', async t => {
	const body = new Readable({read() {}});
	body.push('first words');
	t.is(await readBodyPrefix(body, 100, {timeoutMs: 50}), 'first words');
	t.true(body.destroyed);
});

test('returns what arrived when the body is interrupted', async t => {
	const body = new Readable({read() {}});
	body.push('first words');
	setImmediate(() => body.destroy(new Error('cut')));
	t.is(await readBodyPrefix(body, 100), 'first words');
});

import {deflateSync} from 'node:zlib';
import test from 'ava';
import {HeaderBlockReader, spdyDictionary} from '../../source/sandbox/kubelet/spdy-server-session.ts';
import {HeaderBlockWriter} from '../../source/wire/spdy-frame.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

/** SYN_STREAM blocks of one session, written by moby/spdystream 0.5.1. */
const fromGo = [
	'78f9e3c6a7c2 02253a703a2b294a4dcc851625aca9a0808614cb45e01c60616061c0c0c0c0590489c64c50f2663400 000000ffff',
	'826ac61445350e543225a29b06 000000ffff',
].map(text => hex(text));

test('the dictionary is that of SPDY/3', t => {
	t.is(spdyDictionary.length, 1423);
	const named = deflateSync(Buffer.from('x'), {dictionary: spdyDictionary});
	t.is(named.readUInt32BE(2), 0xe3_c6_a7_c2);
});

test('the reader decodes consecutive header blocks of the Go library', t => {
	const reader = new HeaderBlockReader();
	t.deepEqual({...reader.read(fromGo[0]!)}, {port: '8080', requestid: '0', streamtype: 'error'});
	t.deepEqual({...reader.read(fromGo[1]!)}, {port: '8080', requestid: '0', streamtype: 'data'});
});

for (const [plain, pieces] of [
	[65_535, 1],
	[65_536, 2],
	[131_070, 2],
	[200_000, 4],
] as const) {
	test(`a block of ${plain} bytes is written as ${pieces} stored blocks and read back`, t => {
		const value = 'v'.repeat(plain - 16);
		const block = new HeaderBlockWriter().write({name: value});
		t.deepEqual([block.length, block.readUInt16LE(3)], [2 + plain + 5 * pieces + 5, 65_535]);
		t.is(new HeaderBlockReader().read(block)['name'], value);
	});
}

test('a header name can be a property name of Object.prototype', t => {
	const headers = new HeaderBlockReader().read(new HeaderBlockWriter().write({['__proto__']: 'x'}));
	t.is(Object.entries(headers).join(), '__proto__,x');
});

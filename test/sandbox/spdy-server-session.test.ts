import {duplexPair} from 'node:stream';
import {deflateRawSync, deflateSync, constants} from 'node:zlib';
import test from 'ava';
import {SpokeError} from '../../source/errors/spoke-error.ts';
import {HeaderBlockReader, SpdyServerSession, spdyDictionary} from '../../source/sandbox/kubelet/spdy-server-session.ts';
import {HeaderBlockWriter} from '../../source/wire/spdy-frame.ts';
import {eventLoopTurns} from '../support/event-loop-turns.ts';

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

const count = (number: number) => {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32BE(number);
	return bytes;
};

const field = (text: string) => Buffer.concat([count(Buffer.byteLength(text)), Buffer.from(text)]);
const compressed = (...parts: Buffer[]) =>
	Buffer.concat([hex('7801'), deflateRawSync(Buffer.concat(parts), {finishFlush: constants.Z_SYNC_FLUSH})]);
const many = Array.from({length: 1001}, (_, index) => [field(`n${index}`), field('v')]).flat();

/** RFC 1951 §3.2.6: copies four bytes from `back` bytes before, in fixed codes, then flushes. */
function copyFour(back: 1 | 32_768): Buffer {
	const distance = back === 1 ? '00000' : `11101${'1'.repeat(13)}`;
	const bits = `0100000010${distance}0000000000`;
	const bytes = (bits.match(/.{1,8}/g) ?? []).map(byte => Number.parseInt([...byte].toReversed().join(''), 2));
	return Buffer.from([...bytes, 0, 0, 0xff, 0xff]);
}

test('the reader accepts blocks at the limits', t => {
	t.is(Object.keys(new HeaderBlockReader().read(compressed(count(1000), ...many.slice(0, 2000)))).length, 1000);
	t.is(new HeaderBlockReader().read(compressed(count(1), field('n'), field('v'.repeat(1 << 20))))['n']?.length, 1 << 20);
});

test('a block can refer to the 32 KiB before it', t => {
	const reader = new HeaderBlockReader();
	reader.read(compressed(count(1), field('n'), field('\0'.repeat(40_000))));
	t.deepEqual({...reader.read(copyFour(32_768))}, {});
});

const broken: Array<[string, Buffer, RegExp]> = [
	['no zlib header', hex('0000'), /not zlib/],
	['another dictionary', hex('78f9deadbeef'), /unknown dictionary/],
	['an empty block', hex(''), /not zlib/],
	['one byte', hex('78'), /not zlib/],
	['zlib’s header without a block', hex('7801'), /too short/],
	['another method than deflate', hex('7918'), /not zlib/],
	['a zlib header with a wrong check value', hex('7802'), /not zlib/],
	['part of a dictionary', hex('78f9e3c6a7'), /unknown dictionary/],
	['a dictionary without a block', hex('78f9e3c6a7c2'), /too short/],
	[
		'a reference to a dictionary that the zlib header does not name',
		Buffer.concat([
			hex('7801'),
			deflateRawSync(spdyDictionary.subarray(0, 100), {dictionary: spdyDictionary, finishFlush: constants.Z_SYNC_FLUSH}),
		]),
		/cannot be inflated/,
	],
	['a reference to data before the first byte', Buffer.concat([hex('7801'), copyFour(1)]), /cannot be inflated/],
	['a count of three bytes', compressed(Buffer.alloc(3)), /too short/],
	['a length of three bytes', compressed(count(1), Buffer.alloc(3)), /too short/],
	['broken compression', hex('7801ffffffff'), /cannot be inflated/],
	['more than 1000 headers', compressed(count(1001), ...many), /1001 headers; at most 1000/],
	['a field longer than 1 MiB', compressed(count(1), field('n'), field('v'.repeat((1 << 20) + 1))), /1048577 bytes is longer than 1 MiB/],
	['a bomb of 64 MiB in 64 KiB', compressed(Buffer.alloc(64 << 20)), /cannot be inflated.*4194304/],
	['a count without fields', compressed(count(2), field('n'), field('v')), /too short/],
	['a length past the end', compressed(count(1), count(900), Buffer.from('n')), /too short/],
	['a last length past the end', compressed(count(1), field('n'), count(900), Buffer.from('v')), /too short/],
	['bytes left over', compressed(count(0), Buffer.from('x')), /left over/],
	['an upper-case name', compressed(count(1), field('Port'), field('80')), /lower case/],
	[
		'a long upper-case name, and quotes only its first 80 characters',
		compressed(count(1), field(`B${'A'.repeat(200)}`), field('v')),
		/repeated: "BA{79}"$/,
	],
	['an empty name', compressed(count(1), field(''), field('80')), /empty/],
	['a name twice', compressed(count(2), field('a'), field('1'), field('a'), field('2')), /repeated/],
];

for (const [what, block, message] of broken) {
	test(`rejects ${what}`, t => {
		const error = t.throws(() => new HeaderBlockReader().read(block), {instanceOf: SpokeError});
		t.is(error.code, 'ERR_PROTOCOL');
		t.regex(error.message, message);
	});
}

test('a header name can be a property name of Object.prototype', t => {
	const headers = new HeaderBlockReader().read(compressed(count(1), field('__proto__'), field('x')));
	t.is(headers['__proto__'], 'x');
	t.is(Object.getPrototypeOf(headers), null);
});

test('a server refuses even, repeated and decreasing ids, and too many streams', async t => {
	const [near, far] = duplexPair();
	const server = new SpdyServerSession(far, {maxStreams: 2});
	const seen: number[] = [];
	server.on('stream', stream => {
		seen.push(stream.id);
	});
	const block = '000400fbff 00000000 000000ffff';
	const syn = (id: string, first = '') => hex(`8003 0001 00 0000${first === '' ? '18' : '1a'} ${id} 00000000 0000 ${first} ${block}`);
	near.write(Buffer.concat([syn('00000005', '7801'), syn('00000005'), syn('00000003'), syn('00000006'), syn('00000007'), syn('00000009')]));
	await eventLoopTurns();
	const refused = near.read() as Buffer;
	t.deepEqual(seen, [5, 7]);
	t.deepEqual(refused.toString('hex').match(/.{32}/g), [
		'80030003000000080000000500000001',
		'80030003000000080000000300000001',
		'80030003000000080000000600000001',
		'80030003000000080000000900000003',
	]);
});

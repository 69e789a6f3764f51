import {constants, inflateSync} from 'node:zlib';
import test from 'ava';
import {SpokeError} from '../../source/base/errors/spoke-error.ts';
import {synReplyFrame} from '../../source/sandbox/kubelet/spdy-server-session.ts';
import {
	dataFrameHead,
	goAwayFrame,
	HeaderBlockWriter,
	pingFrame,
	rstStreamFrame,
	synStreamFrame,
	SpdyFrameDecoder,
} from '../../source/wire/spdy-frame.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

/** Data pieces are joined. */
function decode(chunks: readonly Buffer[]): {seen: string[]; atBoundary: boolean} {
	const seen: string[] = [];
	let open: Buffer[] = [];
	const decoder = new SpdyFrameDecoder({
		onControl(frame) {
			const {type, ...rest} = frame;
			seen.push(
				`${type} ${JSON.stringify(rest, (_, value) => (value?.type === 'Buffer' ? Buffer.from(value.data).toString('hex') : value))}`,
			);
		},
		onData(streamId, piece, fin) {
			open.push(piece);
			if (!fin) {
				return;
			}

			seen.push(`data ${streamId} ${Buffer.concat(open).toString('hex')} fin`);
			open = [];
		},
	});
	for (const chunk of chunks) {
		decoder.push(chunk);
	}

	if (open.length > 0) {
		seen.push(`data open ${Buffer.concat(open).toString('hex')}`);
	}

	return {seen, atBoundary: decoder.isAtFrameBoundary};
}

const session = hex(`
	8003 0001 01 00000c 00000001 00000000 0000 beef
	8003 0002 00 000006 00000001 cafe
	8003 0003 00 000008 00000005 00000005
	8003 0004 00 00000c 00000001 00000004 00000064
	8003 0006 00 000004 00000007
	8003 0007 00 000008 00000003 00000000
	8003 0008 01 000005 00000001 aa
	8003 0009 00 000008 00000001 00010000
	8003 00ff 00 000002 0102
	00000003 00 000003 616263
	00000003 01 000000
	00000005 01 000003 646566
`);
const meant = [
	'syn-stream {"streamId":1,"fin":true,"block":"beef"}',
	'syn-reply {"streamId":1,"fin":false,"block":"cafe"}',
	'rst-stream {"streamId":5,"status":5}',
	'ignored {}',
	'ping {"id":7}',
	'go-away {"lastStreamId":3,"status":0}',
	'headers {"streamId":1,"fin":true,"block":"aa"}',
	'ignored {}',
	'ignored {}',
	'data 3 616263 fin',
	'data 5 646566 fin',
];

test('every frame is decoded', t => {
	t.deepEqual(decode([session]), {seen: meant, atBoundary: true});
});

test('every frame is read the same when split anywhere', t => {
	for (let at = 1; at < session.length; at++) {
		t.deepEqual(decode([session.subarray(0, at), session.subarray(at)]).seen, meant, `split at ${at}`);
	}
});

test('every frame is read the same byte by byte', t => {
	t.deepEqual(decode([...session].map(byte => Buffer.from([byte]))).seen, meant);
});

test('the decoder knows whether it is at a frame boundary', t => {
	t.false(decode([session.subarray(0, 30)]).atBoundary);
	t.false(decode([hex('0000')]).atBoundary);
	t.true(decode([pingFrame(7)]).atBoundary, 'behind a control frame, too');
});

test('a control frame of the maximum size is read', t => {
	t.is(decode([synReplyFrame(1, Buffer.alloc((4 << 20) - 4), false)]).seen.length, 1);
	t.notThrows(() => decode([hex('8003 0004 00 001f44 000003e8'), Buffer.alloc(8000)]), '1000 entries of SETTINGS');
});

test('frames are encoded as the Go library expects them', t => {
	t.is(synStreamFrame(1, hex('beef'), true).toString('hex'), '800300010100000c00000001000000000000beef');
	t.is(synReplyFrame(1, hex('cafe'), false).toString('hex'), '800300020000000600000001cafe');
	t.is(rstStreamFrame(5).toString('hex'), '80030003000000080000000500000005');
	t.is(pingFrame(7).toString('hex'), '800300060000000400000007');
	t.is(goAwayFrame(3).toString('hex'), '80030007000000080000000300000000');
	t.is(dataFrameHead(3, 0xab_cd_ef, true).toString('hex'), '0000000301abcdef');
});

test('a data frame of 16 MiB is passed on in chunks', t => {
	let most = 0;
	let total = 0;
	const decoder = new SpdyFrameDecoder({
		onControl: () => undefined,
		onData(_, piece) {
			most = Math.max(most, piece.length);
			total += piece.length;
		},
	});
	decoder.push(dataFrameHead(1, 0xff_ff_ff, false));
	for (let left = 0xff_ff_ff; left > 0; left -= 65_536) {
		decoder.push(Buffer.alloc(Math.min(left, 65_536)));
	}

	t.is(total, 0xff_ff_ff);
	t.is(most, 65_536);
});

const malformed: Array<[string, string, RegExp]> = [
	['another version', '8002 0006 00 000004 00000001', /version 2/],
	['a control frame past the limit', '8003 0002 00 400001', /4194305 bytes/],
	['data for stream 0', '00000000 00 000001 00', /stream 0/],
	['SYN_STREAM for stream 0', '8003 0001 00 00000a 00000000 00000000 0000', /SYN_STREAM frame for stream 0/],
	['SYN_REPLY for stream 0', '8003 0002 00 000004 00000000', /SYN_REPLY frame for stream 0/],
	['RST_STREAM for stream 0', '8003 0003 00 000008 00000000 00000005', /RST_STREAM frame for stream 0/],
	['a short SYN_STREAM', '8003 0001 00 000009 00000001 00000000 00', /too short/],
	['an empty SYN_REPLY', '8003 0002 00 000000', /too short/],
	['a long RST_STREAM', '8003 0003 00 000009 00000001 00000005 00', /9 bytes; it must have 8/],
	['a long PING', '8003 0006 00 000005 00000001 00', /5 bytes; it must have 4/],
	['a short GOAWAY', '8003 0007 00 000004 00000001', /4 bytes; it must have 8/],
	['SETTINGS that do not add up', '8003 0004 00 00000c 00000002 00000004 00000064', /12 bytes; it must have 20/],
	['too many SETTINGS', '8003 0004 00 000004 000003e9', /1001 entries/],
	['a short WINDOW_UPDATE', '8003 0009 00 000004 00000001', /4 bytes; it must have 8/],
];

for (const [what, bytes, message] of malformed) {
	test(`rejects ${what}`, t => {
		const error = t.throws(() => decode([...hex(bytes)].map(byte => Buffer.from([byte]))), {instanceOf: SpokeError});
		t.is(error.code, 'ERR_PROTOCOL');
		t.regex(error.message, message);
	});
}

test('the writer emits the zlib header once and ends each block with a sync flush', t => {
	const writer = new HeaderBlockWriter();
	const first = writer.write({StreamType: 'error'});
	const second = writer.write({port: '80'});
	t.is(first.toString('hex'), '7801001b00e4ff000000010000000a73747265616d74797065000000056572726f72000000ffff');
	t.is(second.toString('hex'), '001200edff0000000100000004706f7274000000023830000000ffff');
	t.notThrows(() => inflateSync(Buffer.concat([first, second]), {finishFlush: constants.Z_SYNC_FLUSH}));
});

test('a header block longer than 65,535 bytes is written in several stored blocks', t => {
	const block = new HeaderBlockWriter().write({long: 'x'.repeat(200_000)});
	const plain = inflateSync(block, {finishFlush: constants.Z_SYNC_FLUSH});
	t.is(plain.length, 4 + 4 + 4 + 4 + 200_000);
	t.is(plain.subarray(-200_000).toString(), 'x'.repeat(200_000));
});

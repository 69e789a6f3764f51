/** Limits on what a peer can make the wire layer buffer or send. */
import {Duplex} from 'node:stream';
import {once} from 'node:events';
import {setImmediate as turn} from 'node:timers/promises';
import {mock} from 'node:test';
import test from 'ava';
import {SpokeError} from '../../source/base/errors/spoke-error.ts';
import {ResponseDecoder} from '../support/response-decoder.ts';
import {ByteCollector} from '../../source/wire/byte-collector.ts';
import {pingFrame, synStreamFrame} from '../../source/wire/spdy-frame.ts';
import {SpdySession} from '../../source/wire/spdy-session.ts';
import {WebSocketMessages} from '../../source/wire/websocket-messages.ts';

/** The other side sends what a test pushes, and reads nothing until `takes` is called. */
class DeafPeer extends Duplex {
	readonly written: Buffer[] = [];
	#held: (() => void) | undefined;
	#isDeaf = true;

	takes(): void {
		this.#isDeaf = false;
		this.#held?.();
	}

	override _read(): void {
		// The test pushes.
	}

	override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
		this.written.push(chunk);
		if (this.#isDeaf) {
			this.#held = done;
		} else {
			done();
		}
	}
}

const ping = (payload: string) => Buffer.concat([Buffer.from([0x89, payload.length]), Buffer.from(payload)]);
const count = 100_000;

async function flood(peer: DeafPeer, frame: (index: number) => Buffer): Promise<void> {
	for (let index = 1; index <= count;) {
		const frames: Buffer[] = [];
		for (const last = index + 1000; index < last && index <= count; index++) {
			frames.push(frame(index));
		}

		peer.push(Buffer.concat(frames));
		await turn();
	}

	await turn();
}

test('only the newest WebSocket ping of a peer that does not read is answered', async t => {
	const peer = new DeafPeer();
	const messages = new WebSocketMessages(peer, {closeTimeoutMs: 0});
	await flood(peer, index => ping(String(index)));
	t.true(messages.bufferedBytes < 1000, `${messages.bufferedBytes} bytes wait`);
	peer.takes();
	await turn();
	await turn();
	t.deepEqual(pongPayloads(Buffer.concat(peer.written)), ['1', String(count)]);
	messages.destroy();
});

/** Of masked, short frames. */
function pongPayloads(frames: Buffer): string[] {
	const payloads: string[] = [];
	for (let at = 0, end: number; at < frames.length; at = end) {
		const masked = frames.subarray(at + 6, (end = at + 6 + (frames[at + 1]! & 0x7f)));
		const key = frames.subarray(at + 2, at + 6);
		payloads.push(frames[at] === 0x8a ? Buffer.from(masked.map((byte, index) => byte ^ key[index % 4]!)).toString() : 'no pong');
	}

	return payloads;
}

test('a WebSocket client answers each of several single pings', async t => {
	const peer = new DeafPeer();
	peer.takes();
	const messages = new WebSocketMessages(peer, {closeTimeoutMs: 0});
	for (const name of ['a', 'b', 'c']) {
		peer.push(ping(name));
		await turn();
	}

	// Head, mask and one masked byte each.
	t.is(Buffer.concat(peer.written).length, 3 * 7);
	messages.destroy();
});

for (const [title, frame] of [
	['PINGs', (index: number) => pingFrame(2 * index)],
	['streams that nobody asked for', (index: number) => synStreamFrame(2 * index, Buffer.alloc(0), false)],
] as const) {
	test(`replies to SPDY ${title} of a peer that does not read are bounded`, async t => {
		const peer = new DeafPeer();
		const session = new SpdySession(peer);
		await flood(peer, frame);
		t.true(peer.writableLength < 64 * 1024, `${peer.writableLength} bytes wait`);
		session.destroy();
	});
}

test('messages after a sent Close are read up to a limit', async t => {
	const peer = new DeafPeer();
	const messages = new WebSocketMessages(peer, {closeTimeoutMs: 60_000});
	const closed = once(messages, 'close');
	let got = 0;
	messages.on('message', payload => {
		got += payload.length;
		// Its reader is slow.
		messages.pause();
	});
	messages.close();
	messages.pause();
	messages.resume();
	const payload = Buffer.alloc(1 << 20);
	const frame = Buffer.concat([Buffer.from([0x82, 127, 0, 0, 0, 0, 0, 0x10, 0, 0]), payload]);
	for (let sent = 0; sent < 80; sent++) {
		peer.push(frame);
		messages.resume();
		await turn();
	}

	const [{error}] = (await closed) as [{error: SpokeError | null}];
	t.is(error?.code, 'ERR_PROTOCOL');
	t.true(got <= 64 << 20, `${got} bytes`);
});

const anAnswer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const answers: ReadonlyArray<readonly [title: string, bytes: string, refused: RegExp | null]> = [
	['ten interim responses', 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n'.repeat(10) + anAnswer, null],
	['interim responses without end', 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n'.repeat(101), /interim responses/],
	['100 Continue without end', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(101), /interim responses/],
	['one header without end', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}`, /is longer than/],
	['headers without end', `HTTP/1.1 200 OK\r\n${'X: x\r\n'.repeat(12_000)}`, /is longer than/],
	['a chunk extension without end', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(70_000)}`, /is longer than/],
	['a trailer', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: x\r\n\r\n', null],
	['a trailer of 64 KiB', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${'x'.repeat(65_536)}\r\n\r\n`, null],
	['a longer trailer', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${'x'.repeat(65_537)}\r\n\r\n`, /is longer than/],
	['a trailer without end', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${'X: x\r\n'.repeat(20_000)}`, /is longer than/],
	['a body that says that it is too large', 'HTTP/1.1 200 OK\r\nContent-Length: 1000001\r\n\r\n', /larger than/],
	['a chunk that is too large', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff0\r\n', /larger than/],
	['a body until close that is too large', `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(1_000_001)}`, /larger than/],
];
for (const [title, bytes, refused] of answers) {
	test(`a response with ${title} is ${refused === null ? 'read' : 'rejected'}`, t => {
		const decoder = new ResponseDecoder({maxBodyBytes: 1_000_000});
		const push = () => {
			let whole = 0;
			for (let at = 0; at < bytes.length; at += 1000) {
				whole += decoder.push(Buffer.from(bytes.slice(at, at + 1000))).length;
			}

			return whole;
		};

		if (refused === null) {
			t.is(push(), 1);
		} else {
			t.like(t.throws(push, {instanceOf: SpokeError, message: refused}), {code: 'ERR_PROTOCOL'});
		}
	});
}

test('interim responses are counted per response', t => {
	const decoder = new ResponseDecoder({maxBodyBytes: 1_000_000});
	const one = Buffer.from('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(60) + anAnswer);
	t.is(decoder.push(Buffer.concat([one, one, one])).length, 3);
});

test('a million one-byte chunks take about as much memory as their bytes', t => {
	const collector = new ByteCollector(1_000_000);
	const chunk = Buffer.alloc(64 * 1024, 'x');
	const allocate = mock.method(Buffer, 'allocUnsafeSlow');
	t.teardown(() => {
		allocate.mock.restore();
	});
	for (let index = 0; index < 1_000_000; index++) {
		collector.add(chunk.subarray(index % 1000, (index % 1000) + 1));
	}

	t.false(collector.add(Buffer.from('y')));
	const allocated = allocate.mock.calls.reduce((sum, {arguments: [size]}) => sum + size, 0);
	t.true(allocated >= 1_000_000 && allocated < 1_100_000, `${allocated} bytes`);
	t.is(collector.take().toString(), 'x'.repeat(1_000_000));
	t.is(collector.length, 0);
	t.is(collector.take().length, 0);
});

for (const [size, of, isCopied] of [
	[4095, 4095, true],
	[4096, 16_384, false],
	[4096, 16_385, true],
	[50_000, 100_000, false],
] as const) {
	test(`a chunk of ${size} bytes in ${of} is ${isCopied ? 'copied' : 'kept as it is'}`, t => {
		const source = Buffer.alloc(of, 'x');
		const collector = new ByteCollector();
		collector.add(source.subarray(0, size));
		source.fill('y');
		t.is(collector.bytes.toString(), (isCopied ? 'x' : 'y').repeat(size));
	});
}

test('chunks of every size are collected in order', t => {
	const collector = new ByteCollector();
	const pieces = [3, 5000, 1, 70_000, 0, 4096, 100, 9000].map((size, index) => Buffer.alloc(size, 97 + index));
	for (const piece of pieces) {
		t.true(collector.add(piece));
		t.is(collector.bytes.length, collector.length);
	}

	t.deepEqual(collector.take(), Buffer.concat(pieces));
	const large = Buffer.alloc(100_000);
	collector.add(large);
	t.is(collector.take(), large);
});

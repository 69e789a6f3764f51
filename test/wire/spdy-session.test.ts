import {Duplex, duplexPair} from 'node:stream';
import {once} from 'node:events';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {SpokeError} from '../../source/base/errors/spoke-error.ts';
import {SpdyServerSession, synReplyFrame} from '../../source/sandbox/kubelet/spdy-server-session.ts';
import {StreamResetError} from '../../source/wire/protocol-error.ts';
import {dataFrameHead, pingFrame, rstStreamFrame} from '../../source/wire/spdy-frame.ts';
import {SpdySender} from '../../source/wire/spdy-sender.ts';
import {SpdySession, type SpdySessionOptions} from '../../source/wire/spdy-session.ts';
import type {SpdyStream} from '../../source/wire/spdy-stream.ts';
import {bytesOf, collected, deafSide, hex, keepAlive, sentBy, socketPair} from '../support/duplex-sides.ts';
import {eventLoopTurns} from '../support/event-loop-turns.ts';
import {manualClock} from '../support/manual-clock.ts';
import {until} from '../support/until.ts';

function sessions(options: SpdySessionOptions = {}) {
	const sides = clientOf(options);
	return {...sides, server: new SpdyServerSession(sides.far)};
}

async function opened(server: SpdySession): Promise<SpdyStream> {
	const [stream] = (await once(server, 'stream')) as [SpdyStream];
	return stream;
}

const textOf = async (stream: Duplex) => (await bytesOf(stream)).toString();

function clientOf(options: SpdySessionOptions = {}) {
	const [near, far] = duplexPair();
	return {near, far, client: new SpdySession(near, options)};
}

test('a stream carries headers and bytes both ways and ends each way separately', async t => {
	const {client, server} = sessions();
	const near = client.open({streamtype: 'data', port: '80'});
	near.end('question');
	const far = await opened(server);
	const replied = once(near, 'reply');
	server.reply(far);
	await replied;
	t.deepEqual({...far.headers}, {streamtype: 'data', port: '80'});
	t.is(await textOf(far), 'question');
	await eventLoopTurns();
	far.end('answer after the other side ended');
	t.is(await textOf(near), 'answer after the other side ended');
	t.deepEqual([near.bytesSent, far.bytesReceived, near.bytesReceived, far.bytesSent], [8, 8, 33, 33]);
	await eventLoopTurns();
	t.is(client.streamCount, 0);
	t.is(server.streamCount, 0);
});

test('a stream accepts data after the other side has ended its half', async t => {
	const {client, server} = sessions();
	const near = client.open({});
	const far = await opened(server);
	far.end('first');
	t.is(await textOf(near), 'first');
	near.end('upload '.repeat(50_000));
	t.is((await textOf(far)).length, 350_000);
});

test('a client writes SYN_STREAM with an odd id and its data at once', async t => {
	const {far, client} = clientOf();
	client.open({}).end();
	client.open({}).write('abc');
	const bytes = await sentBy(far);
	t.is(
		bytes.toString('hex'),
		[
			'800300010000001a000000010000000000007801000400fbff00000000000000ffff',
			'0000000101000000',
			'800300010000001800000003000000000000000400fbff00000000000000ffff',
			'0000000300000003616263',
		].join(''),
	);
});

test('the frames of one event loop turn are one write', async t => {
	const writes: number[] = [];
	const carrier = new Duplex({
		read() {},
		write(_chunk, _encoding, done) {
			writes.push(1);
			done();
		},
		writev(chunks, done) {
			writes.push(chunks.length);
			done();
		},
	});
	const client = new SpdySession(carrier);
	for (let turns = 1; turns <= 3; turns++) {
		client
			.open({})
			.on('error', () => undefined)
			.write('abc');
		await eventLoopTurns();
		t.is(writes.length, turns);
	}

	client.destroy();
});

test('destroying a stream sends RST_STREAM CANCEL and keeps the session open', async t => {
	const {client, server} = sessions();
	const near = client.open({});
	const far = await opened(server);
	near.destroy();
	const [error] = (await once(far, 'error')) as [Error];
	t.true(error instanceof StreamResetError);
	t.is((error as StreamResetError).status, 5);
	const again = client.open({});
	again.end('x');
	t.is(await textOf(await opened(server)), 'x');
});

test('a reset is an error after the data received before it', async t => {
	const {client, server} = sessions();
	const near = client.open({});
	const far = await opened(server);
	far.write('last words');
	await eventLoopTurns();
	far.reset(2);
	await eventLoopTurns();
	t.is(near.readableLength, 10);
	const seen: string[] = [];
	near.on('data', chunk => {
		seen.push(String(chunk));
	});
	near.on('end', () => {
		seen.push('end');
	});
	const [error] = (await once(near, 'error')) as [StreamResetError];
	t.deepEqual(seen, ['last words']);
	t.is(error.status, 2);
	t.is(client.streamCount, 0);
});

test('a stream ends normally when its FIN arrived before the connection broke', async t => {
	const {near, far, client} = clientOf();
	const stream = client.open({});
	far.write(Buffer.concat([hex('00000001 01 000004'), Buffer.from('last')]));
	await eventLoopTurns();
	near.destroy(new Error('read ECONNRESET'));
	await once(client, 'close');
	const seen: string[] = [];
	stream.on('data', chunk => seen.push(String(chunk)));
	stream.on('end', () => seen.push('end'));
	stream.write('dropped', error => seen.push(`dropped ${String(error)}`));
	const [error] = (await once(stream, 'error')) as [Error];
	t.is(error.message, 'the connection was lost: read ECONNRESET');
	t.deepEqual(seen, ['last', 'dropped null', 'end']);
});

test('destroying a stream that both sides ended sends no RST_STREAM', async t => {
	const {far, client} = clientOf();
	const stream = client.open({});
	stream.end();
	await sentBy(far);
	far.write(dataFrameHead(1, 0, true));
	stream.resume();
	await once(stream, 'close');
	t.is((await sentBy(far)).length, 0);
});

test('a stream that the other side ended first ends with FIN, and no RST_STREAM', async t => {
	const {far, client} = clientOf();
	const stream = client.open({}).resume();
	far.write(dataFrameHead(1, 0, true));
	await once(stream, 'end');
	await sentBy(far);
	stream.end();
	await once(stream, 'close');
	t.is((await sentBy(far)).toString('hex'), '0000000101000000');
	t.is(client.streamCount, 0);
});

test('data for a reset stream is ignored', async t => {
	const {far, client} = clientOf();
	const stream = client.open({});
	stream.destroy();
	far.write(
		Buffer.concat([
			dataFrameHead(1, 3, false),
			Buffer.from('abc'),
			synReplyFrame(1, hex('00'), false),
			rstStreamFrame(1),
			dataFrameHead(77, 0, true),
		]),
	);
	await eventLoopTurns();
	t.true(client.usable);
});

test('a session returns the other side’s PINGs and times its own', async t => {
	const {client} = sessions({pingIntervalMs: 5});
	const [milliseconds] = (await once(client, 'roundTrip')) as [number];
	t.true(milliseconds >= 0);
	const [own, other] = duplexPair();
	new SpdySession(own).on('close', () => undefined);
	other.write(hex('80030006 00000004 00000002'));
	t.is((await sentBy(other)).toString('hex'), '800300060000000400000002');
});

test('silence ends a session and its streams', async t => {
	const [near] = duplexPair();
	keepAlive(t);
	const client = new SpdySession(near, {pingIntervalMs: 10, silenceMs: 30});
	const stream = client.open({});
	const lost = once(stream, 'error');
	const [error] = (await once(client, 'close')) as [SpokeError];
	t.is(error.code, 'ERR_STREAM_LOST');
	t.regex(error.message, /nothing was received/);
	await lost;
});

for (const [title, silenceMs, sendsData, lastsMs, says] of [
	['longer than 30 s by default', undefined, false, 30_000, /for 30 s$/],
	['ten times as long after data was sent', 60, true, 600, /for 1 s$/],
] as const) {
	test(`a session is lost after silence ${title}`, async t => {
		const clock = manualClock();
		const {far, client} = clientOf({pingIntervalMs: 5, ...(silenceMs !== undefined && {silenceMs}), clock});
		let pings = 0;
		far.on('data', () => pings++);
		const closed = once(client, 'close') as Promise<[SpokeError]>;
		await until(() => pings > 0);
		if (sendsData) {
			await clock.advance(1);
			client
				.open({})
				.on('error', () => undefined)
				.write('x');
		}

		await clock.advance(sendsData ? lastsMs - 1 : lastsMs);
		const before = pings;
		await until(() => pings > before + 1);
		t.true(client.usable);
		await clock.advance(1);
		const [error] = await closed;
		t.is(error.code, 'ERR_STREAM_LOST');
		t.regex(error.message, says);
	});
}

test('silence is excused while a stream is unread', async t => {
	const clock = manualClock();
	const {far, client} = clientOf({pingIntervalMs: 5, silenceMs: 100, clock, streamBufferBytes: 65_536});
	let pings = 0;
	far.on('data', () => pings++);
	const stream = client.open({}).on('error', () => undefined);
	far.write(Buffer.concat([dataFrameHead(1, 100_000, false), Buffer.alloc(100_000)]));
	await once(stream, 'congested');
	const before = pings;
	await clock.advance(10_000);
	await until(() => pings > before + 1);
	t.true(client.usable);
	const closed = once(client, 'close') as Promise<[SpokeError]>;
	stream.resume();
	await until(() => stream.bytesReceived === 100_000);
	await clock.advance(10_000);
	t.is((await closed)[0].code, 'ERR_STREAM_LOST');
});

test('received data keeps a session open when PINGs are unanswered', async t => {
	const clock = manualClock();
	const {far, client} = clientOf({pingIntervalMs: 10, silenceMs: 100, clock});
	far.resume();
	for (let turn = 0; turn < 15; turn++) {
		await clock.advance(20);
		far.write(pingFrame(2));
		await delay(20);
	}

	t.true(client.usable);
	client.destroy();
});

test('a suspended process reads its socket before it declares silence', async t => {
	const {client: near, server: far} = await socketPair(t);
	const client = new SpdySession(near, {pingIntervalMs: 10, silenceMs: 100});
	await once(far, 'data');
	far.write(pingFrame(2));
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
	await once(far, 'data');
	t.true(client.usable);
	client.destroy();
});

for (const [title, frame] of [
	['SYN_REPLY', synReplyFrame(1, Buffer.alloc(0), true)],
	['HEADERS', hex('8003 0008 01 000004 00000001')],
] as const) {
	test(`a stream may end with the other side’s ${title}`, async t => {
		const [near, far] = duplexPair();
		far.resume();
		const client = new SpdySession(near);
		const stream = client.open({}).resume();
		stream.end();
		far.write(frame);
		await once(stream, 'end');
		t.is(client.streamCount, 0);
		client.destroy();
	});
}

test('HEADERS end no stream without FIN, and none that is unknown', async t => {
	const {far, client} = clientOf();
	far.resume();
	const stream = client.open({}).on('error', () => undefined);
	far.write(Buffer.concat([hex('8003 0008 00 000004 00000001'), hex('8003 0008 01 000004 00000005')]));
	far.write(Buffer.concat([dataFrameHead(1, 5, true), Buffer.from('after')]));
	t.is(await textOf(stream), 'after');
	t.true(client.usable);
	client.destroy();
});

test('a broken connection is reported as its own error or as a loss', async t => {
	const known = new SpokeError('ERR_PROTOCOL', 'known');
	for (const [error, code, words] of [
		[known, 'ERR_PROTOCOL', 'known'],
		[new Error('reset'), 'ERR_STREAM_LOST', 'the connection was lost: reset'],
		[undefined, 'ERR_STREAM_LOST', /./],
	] as const) {
		const {near, client} = clientOf();
		client.open({}).on('error', () => undefined);
		near.destroy(error);
		const [told] = (await once(client, 'close')) as [SpokeError];
		t.is(told.code, code);
		t.true(typeof words === 'string' ? told.message === words : words.test(told.message), told.message);
	}
});

test('GOAWAY prevents new streams and keeps the open ones', async t => {
	const {far, client} = clientOf();
	const stream = client.open({});
	await sentBy(far);
	far.write(hex('80030007 00000008 00000001 00000000'));
	await eventLoopTurns();
	t.false(client.usable);
	t.throws(() => client.open({}), {message: /accepts no new streams/});
	far.write(Buffer.concat([dataFrameHead(1, 2, true), Buffer.from('ok')]));
	t.is(await textOf(stream), 'ok');
});

test('a stream opened before GOAWAY arrives is lost with the connection', async t => {
	const {far, client} = clientOf();
	far.write(hex('80030007 00000008 00000000 00000000'));
	const stream = client.open({});
	stream.resume();
	far.end();
	const [error] = (await once(stream, 'error')) as [SpokeError];
	t.is(error.code, 'ERR_STREAM_LOST');
});

test('GOAWAY is the last frame', async t => {
	const {far, client} = clientOf();
	client
		.open({})
		.on('error', () => undefined)
		.end();
	client.end();
	const sent = collected(far);
	await once(far, 'end');
	t.is(sent().subarray(-16).toString('hex'), '80030007000000080000000000000000');
	t.false(client.usable);
});

test('an ended session waits for a reader of its bytes, not for a silent one', async t => {
	keepAlive(t);
	const ended = (takes: boolean) => {
		const [near, far] = duplexPair();
		const client = new SpdySession(near);
		client
			.open({})
			.on('error', () => undefined)
			.write(Buffer.alloc(200_000));
		let taken = 0;
		const taking = setInterval(() => {
			taken += takes ? ((far.read(20_000) as Buffer | null)?.length ?? 0) : 0;
		}, 200);
		t.teardown(() => {
			clearInterval(taking);
		});
		setImmediate(() => {
			client.end();
		});
		return {near, arrived: () => taken + far.readableLength};
	};

	const [deaf, slow] = [ended(false), ended(true)];
	const began = performance.now();
	await once(deaf.near, 'close');
	t.false(slow.near.destroyed);
	await once(slow.near, 'close');
	t.true(performance.now() - began > 2000);
	t.true(slow.arrived() >= 200_000, `${slow.arrived()} arrived`);
});

test('the end of the connection is an error only while streams are open', async t => {
	const {client, server, far} = sessions();
	server.on('stream', stream => {
		stream.on('error', () => undefined);
	});
	const streams = [client.open({}), client.open({})];
	const errors = Promise.all(streams.map(async stream => once(stream, 'error')));
	const closed = once(client, 'close');
	await eventLoopTurns();
	far.end();
	for (const [error] of (await errors) as SpokeError[][]) {
		t.is(error!.code, 'ERR_STREAM_LOST');
	}

	t.is(((await closed) as [SpokeError])[0].code, 'ERR_STREAM_LOST');

	const [near, quiet] = duplexPair();
	const idle = new SpdySession(near);
	const over = once(idle, 'close');
	quiet.end();
	t.deepEqual(await over, [null]);
});

for (const [title, bytes, code] of [
	['the end of the connection inside a frame', hex('8003 0006 00'), 'ERR_STREAM_LOST'],
	['an invalid frame', Buffer.from('\u0080\u0004HT/1.1 400 Bad Request\r\n\r\n', 'latin1'), 'ERR_PROTOCOL'],
] as const) {
	test(`${title} ends the session with an error`, async t => {
		const {near, far, client} = clientOf();
		far.write(bytes);
		if (code === 'ERR_STREAM_LOST') {
			far.end();
		}

		const [error] = (await once(client, 'close')) as [SpokeError];
		t.is(error.code, code);
		t.true(code === 'ERR_STREAM_LOST' || near.destroyed, 'at once');
	});
}

test('a client refuses streams without reading their header blocks', async t => {
	const {far, client} = clientOf();
	far.write(hex('8003 0001 00 00000c 00000002 00000000 0000 ffff'));
	t.is((await sentBy(far)).toString('hex'), '80030003000000080000000200000003');
	t.true(client.usable);
});

test('an unread stream pauses the connection at its limit and reports congestion', async t => {
	const {client, server} = sessions({streamBufferBytes: 100_000});
	const near = client.open({});
	const far = await opened(server);
	const congested = once(near, 'congested');
	let written = 0;
	let stopped = false;
	while (!stopped && written < 50_000_000) {
		const room = far.write(Buffer.alloc(10_000));
		written += 10_000;
		if (!room) {
			stopped = await Promise.race([once(far, 'drain').then(() => false), eventLoopTurns().then(() => true)]);
		}
	}

	await congested;
	t.true(near.readableLength <= 200_000, `${near.readableLength} held`);
	t.true(written < 1_000_000, `${written} written`);
	t.is(client.congestedStreams.size, 1);

	const flowing = once(near, 'flowing');
	far.end();
	t.is((await textOf(near)).length, written);
	await flowing;
});

test('by default, an unread stream pauses the connection above 256 KiB', async t => {
	const {far, client} = clientOf();
	const stream = client.open({});
	far.write(Buffer.concat([dataFrameHead(1, 262_144, false), Buffer.alloc(262_144)]));
	await until(() => stream.bytesReceived === 262_144);
	t.is(client.congestedStreams.size, 0);
	const congested = once(stream, 'congested');
	far.write(Buffer.concat([dataFrameHead(1, 1, false), Buffer.alloc(1)]));
	await congested;
	t.is(client.congestedStreams.size, 1);
	client.destroy();
});

test('an ended stream blocks others only until it is read', async t => {
	const {far, client} = clientOf({streamBufferBytes: 65_536});
	const [slow, other] = [client.open({}), client.open({})];
	const flowing = once(slow, 'flowing');
	far.write(Buffer.concat([dataFrameHead(slow.id, 100_000, true), Buffer.alloc(100_000)]));
	await once(slow, 'congested');
	far.write(Buffer.concat([dataFrameHead(other.id, 5, true), Buffer.from('other')]));
	slow.read(10_000);
	t.is(client.congestedStreams.size, 1, 'it still has more than its limit');
	t.is((await textOf(slow)).length, 90_000);
	await flowing;
	t.is(await textOf(other), 'other');
	t.is(client.congestedStreams.size, 0);
});

test('destroying an unread stream unblocks the others', async t => {
	const {client, server} = sessions({streamBufferBytes: 20_000});
	const stuck = client.open({});
	const stuckFar = await opened(server);
	const live = client.open({});
	const liveFar = await opened(server);
	stuckFar.on('error', () => undefined);
	stuckFar.write(Buffer.alloc(500_000));
	await once(stuck, 'congested');
	liveFar.end('through');
	stuck.destroy();
	t.is(await textOf(live), 'through');
});

test('a writer waits while the connection is full', async t => {
	const {far, client} = clientOf();
	const stream = client.open({});
	let written = 0;
	while (stream.write(Buffer.alloc(16_384)) && written < 10_000_000) {
		written += 16_384;
		await delay(0);
	}

	t.true(written < 1_000_000);
	far.resume();
	await once(stream, 'drain');
	t.pass();
});

test('a write is confirmed with its last frame', async t => {
	const {far, client} = clientOf();
	far.resume();
	const stream = client.open({});
	await new Promise(resolve => stream.write(Buffer.alloc(65_536), resolve));
	t.is(stream.bytesSent, 65_536);
});

test('a connection that was paused is read', async t => {
	const [near, far] = duplexPair();
	near.pause();
	const stream = new SpdySession(near).open({});
	far.write(Buffer.concat([dataFrameHead(stream.id, 2, true), Buffer.from('hi')]));
	t.is(await textOf(stream), 'hi');
});

test('a stopped sender writes nothing more', t => {
	const [near] = duplexPair();
	const sender = new SpdySender(near);
	sender.stop();
	sender.write(Buffer.from('late'), error => t.is(error?.message, 'the connection is gone'));
	t.plan(2);
	t.is(near.writableLength, 0);
});

test('data frames have at most 32 KiB', async t => {
	const {far, client} = clientOf();
	const sent = collected(far);
	client.open({}).end(Buffer.alloc(100_000, 1));
	await eventLoopTurns();
	const bytes = sent();
	const lengths: number[] = [];
	for (let at = 0; at < bytes.length; at += 8 + bytes.readUIntBE(at + 5, 3)) {
		lengths.push(bytes.readUIntBE(at + 5, 3));
	}

	t.deepEqual(lengths, [26, 32_768, 32_768, 32_768, 1696, 0]);
});

test('concurrent streams receive their own bytes', async t => {
	const {client, server} = sessions();
	server.on('stream', stream => {
		server.reply(stream);
		stream.pipe(stream);
	});
	const texts = await Promise.all(
		Array.from({length: 200}, async (_, index) => {
			const stream = client.open({});
			stream.end(`stream ${index} `.repeat(500));
			return textOf(stream);
		}),
	);
	t.deepEqual(
		texts,
		texts.map((_, index) => `stream ${index} `.repeat(500)),
	);
	t.is(client.streamCount, 0);
});

test('data received before a write error is read, then writers get the loss', async t => {
	const socket = deafSide();
	const client = new SpdySession(socket);
	const stream = client.open({});
	const told: string[] = [];
	for (const word of ['refused', 'behind it']) {
		stream.write(word, error => told.push(`${word}: ${String(error?.message)}`));
	}

	await until(() => !client.usable);
	socket.push(Buffer.concat([hex('00000001 00 000004'), Buffer.from('last')]));
	socket.push(null);
	const [lost] = (await once(client, 'close')) as [SpokeError];
	t.is(lost.message, 'the connection was lost: write EPIPE');
	t.deepEqual(told, []);
	const failed = once(stream, 'error');
	t.is(String(stream.read()), 'last');
	await failed;
	t.deepEqual(told, ['refused: the connection was lost: write EPIPE', 'behind it: the connection was lost: write EPIPE']);
});

test('a session without input after a write error ends with that error', async t => {
	const client = new SpdySession(deafSide());
	client.open({}).on('error', () => undefined);
	keepAlive(t);
	const [error] = (await once(client, 'close')) as [SpokeError];
	t.deepEqual([error.message, (error.cause as NodeJS.ErrnoException).code], ['the connection was lost: write EPIPE', 'EPIPE']);
});

test('data received before a reset is read despite unsent bytes', async t => {
	const {near, far, client} = clientOf();
	const stream = client.open({});
	stream.write(Buffer.alloc(1_000_000));
	far.write(Buffer.concat([hex('00000001 00 000004'), Buffer.from('last')]));
	await eventLoopTurns();
	near.destroy(new Error('read ECONNRESET'));
	await once(client, 'close');
	await eventLoopTurns();
	const failed = once(stream, 'error') as Promise<[Error]>;
	t.is(String(stream.read()), 'last');
	t.is((await failed)[0].message, 'the connection was lost: read ECONNRESET');
});

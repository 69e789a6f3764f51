import {Duplex, duplexPair} from 'node:stream';
import {once} from 'node:events';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {createWebSocketStream} from 'ws';
import {eventLoopTurns} from '../support/event-loop-turns.ts';
import {bytesOf, collected, deafSide, hex, keepAlive, sentBy, socketPair} from '../support/duplex-sides.ts';
import {manualClock} from '../support/manual-clock.ts';
import {SpokeError} from '../../source/base/errors/spoke-error.ts';
import {SpdySession} from '../../source/wire/spdy-session.ts';
import {WebSocketCarrier} from '../../source/wire/websocket-carrier.ts';
import {WebSocketMessages, type WebSocketCloseResult, type WebSocketOptions} from '../../source/wire/websocket-messages.ts';
import {serverWebSocket} from '../support/server-websocket.ts';
import {until} from '../support/until.ts';

const none = Buffer.alloc(0);

function clientOf(options: WebSocketOptions = {}) {
	const [near, far] = duplexPair();
	return {near, far, client: new WebSocketMessages(near, options)};
}

/** A client's messages and result for these bytes of a server. */
async function received(bytes: Buffer): Promise<{messages: string[]; ending: WebSocketCloseResult | undefined; sent: string}> {
	const {far, client} = clientOf();
	const messages: string[] = [];
	let ending: WebSocketCloseResult | undefined;
	client.on('message', (payload, binary) => messages.push(`${binary ? 'binary' : 'text'} ${payload.toString('hex')}`));
	client.on('close', end => {
		ending = end;
	});
	for (const byte of bytes) {
		far.write(Buffer.from([byte]));
	}

	const sent = (await sentBy(far)).toString('hex');
	// The socket ends when all is read.
	far.resume();
	await eventLoopTurns();
	return {messages, ending, sent};
}

test('messages of all length forms, fragments and pings are read byte by byte', async t => {
	const long = Buffer.alloc(300, 0x61);
	const {messages, ending} = await received(
		Buffer.concat([
			hex('82 03 010203'),
			hex('82 7e 012c'),
			long,
			hex('82 7f 000000000000012c'),
			long,
			hex('02 01 aa  89 00  80 01 bb'),
			hex('81 02 6869'),
		]),
	);
	t.deepEqual(messages, ['binary 010203', `binary ${long.toString('hex')}`, `binary ${long.toString('hex')}`, 'binary aabb', 'text 6869']);
	t.is(ending, undefined);
});

const violations: Array<[string, string, number]> = [
	['a masked frame', '82 81 00000000 61', 1002],
	['reserved bits', 'c2 01 61', 1002],
	['an unknown opcode', '83 00', 1002],
	['a continuation of nothing', '80 01 61', 1002],
	['a fragmented ping', '09 00', 1002],
	['a ping longer than 125', '89 7e 0080', 1002],
	['a Close code that may not be sent', '88 02 03ed', 1002],
	['a Close of one byte', '88 01 03', 1002],
	['text that is not UTF-8', '81 02 c328', 1007],
	['a message past the limit', '82 7f 0000000002000001', 1009],
	['a message past 2^53', '82 7f ffffffffffffffff', 1009],
];

for (const [what, bytes, code] of violations) {
	test(`refused with ${code}: ${what}`, async t => {
		const {ending, sent, messages} = await received(hex(bytes));
		t.is(ending?.error?.code, 'ERR_PROTOCOL');
		t.deepEqual(messages, []);
		t.is(unmasked(sent), `88${code.toString(16).padStart(4, '0')}`);
	});
}

/** Opcode and payload of one masked frame with a short length. */
function unmasked(frame: string | Buffer): string {
	const bytes = typeof frame === 'string' ? hex(frame) : frame;
	const payload = bytes.subarray(6).map((byte, index) => byte ^ bytes[2 + (index % 4)]!);
	return bytes.subarray(0, 1).toString('hex') + Buffer.from(payload).toString('hex');
}

test('a client masks, sends one frame per message, and answers pings', async t => {
	const {far, client} = clientOf();
	client.send(Buffer.from('hello'));
	t.is(unmasked(await sentBy(far)), '82' + Buffer.from('hello').toString('hex'));
	far.write(hex('89 02 abcd'));
	t.is(unmasked(await sentBy(far)), '8aabcd');
});

test('reused memory does not alter messages on a real socket', async t => {
	const {client: near, server: far} = await socketPair(t);
	const client = new WebSocketMessages(near);
	const server = serverWebSocket(far);
	let seen = 0;
	const wrong: number[] = [];
	server.on('message', (payload: Buffer) => {
		if (!payload.every(byte => byte === seen)) {
			wrong.push(seen);
		}

		seen++;
	});
	for (let index = 0; index < 60; index++) {
		// In parallel, more than the socket takes at once, with a pause in which memory is reused.
		client.send(Buffer.alloc(100_000 + index * 7001, index));
		if (index % 20 === 19) {
			await delay(20);
		}
	}

	await until(() => seen === 60);
	t.deepEqual(wrong, []);
});

test('a server reads messages of every length class unchanged', async t => {
	const {far, client} = clientOf();
	const server = serverWebSocket(far);
	const seen: Buffer[] = [];
	server.on('message', (payload: Buffer) => {
		seen.push(payload);
	});
	const lengths = [0, 1, 2, 3, 4, 5, 125, 126, 127, 1000, 65_535, 65_536, 65_537, 1_000_003, 1, 200_000, 2];
	const sent = lengths.map(length => Buffer.from(Array.from({length}, (_, index) => (index * 31) & 0xff)));
	for (const payload of sent) {
		client.send([payload.subarray(0, 3), payload.subarray(3, 50), payload.subarray(50)]);
	}

	await until(() => seen.length >= sent.length, seen);

	t.deepEqual(
		seen.map(payload => payload.length),
		lengths,
	);
	t.true(seen.every((payload, index) => payload.equals(sent[index]!)));
});

test('every message has its own key', async t => {
	const {far, client} = clientOf();
	const sent = collected(far);
	for (let index = 0; index < 5000; index++) {
		client.send(none);
	}

	await until(() => sent().length >= 30_000, sent);

	const frames = sent().toString('hex').match(/.{12}/g)!;
	t.true(frames.every(frame => frame.startsWith('8280')));
	t.true(new Set(frames).size > 4990);
});

test('bytes after the 101 are read', async t => {
	const [near] = duplexPair();
	near.unshift(hex('82 01 61'));
	const client = new WebSocketMessages(near);
	const [payload] = (await once(client, 'message')) as [Buffer];
	t.is(payload.toString(), 'a');
});

test('bytes after the 101 are read from a socket that was already read', async t => {
	const [near, far] = duplexPair();
	const messages = await new Promise<string[]>(resolve => {
		near.on('data', () => {
			near.removeAllListeners('data');
			near.pause();
			const heard: string[] = [];
			near.unshift(hex('82 01 61  82 01 62'));
			const client = new WebSocketMessages(near);
			client.on('message', payload => heard.push(payload.toString()));
			client.on('close', () => {
				resolve(heard);
			});
		});
		far.write('HTTP/1.1 101 Switching Protocols\r\n\r\n');
		setImmediate(() => {
			far.end(hex('82 01 63  88 02 03e8'));
		});
	});
	t.deepEqual(messages, ['a', 'b', 'c']);
});

test('each pong reports one round trip, and repeated, outdated or unknown pongs report none', async t => {
	const {far, client} = clientOf();
	const told: number[] = [];
	client.on('roundTrip', milliseconds => told.push(milliseconds));
	const counts: number[] = [];
	const answer = async (bytes: string) => {
		far.write(hex(bytes));
		await eventLoopTurns();
		counts.push(told.length);
	};

	await answer('8a 01 30');
	client.ping();
	client.ping();
	client.ping();
	for (const pong of ['8a 01 31', '8a 00', '8a 01 33', '8a 01 33', '8a 01 32']) {
		await answer(pong);
	}

	t.deepEqual(counts, [0, 1, 1, 2, 2, 2]);
	t.true(told[0]! >= 0 && told[0]! < performance.now() / 2, `${told[0]} ms`);
});

test('an overdue pong is reported once, and not while paused', async t => {
	const [near, far] = duplexPair();
	const clock = manualClock();
	const client = new WebSocketMessages(near, {clock: clock});
	const late: number[] = [];
	const trips: number[] = [];
	client.on('pingOverdue', milliseconds => late.push(milliseconds)).on('roundTrip', milliseconds => trips.push(milliseconds));
	client.ping();
	await clock.advance(4999);
	t.deepEqual(late, []);
	await clock.advance(1);
	client.ping();
	await clock.advance(60_000);
	t.deepEqual(late, [5000]);
	const answered = once(client, 'roundTrip');
	far.write(hex('8a 01 32'));
	await answered;
	t.deepEqual(trips, [60_000]);
	client.pause();
	client.ping();
	// Past the overdue limit, which is three times the last round trip (180 s).
	await clock.advance(200_000);
	t.deepEqual(late, [5000]);
	client.resume();
	await clock.advance(1000);
	t.deepEqual(late, [5000, 201_000]);
	client.destroy();
});

test('periodic pings have increasing numbers and stop after Close', async t => {
	const {far, client} = clientOf({pingIntervalMs: 20, closeTimeoutMs: 200});
	let sent = '';
	far.on('data', (piece: Buffer) => {
		sent += piece.toString('hex');
	});
	await until(
		() => sent.length >= 28,
		() => sent,
	);

	client.close();
	await once(client, 'close');
	t.deepEqual([unmasked(sent.slice(0, 14)), unmasked(sent.slice(14, 28)), unmasked(sent.slice(-16))], ['8931', '8932', '8803e8']);
});

test('a Close is answered with its code and reported with its reason', async t => {
	const {ending, sent} = await received(hex('88 06 0fa0 6279 6521'));
	t.deepEqual(ending, {code: 4000, reason: 'bye!', error: null});
	t.is(unmasked(sent), `880fa0${Buffer.from('bye!').toString('hex')}`);
});

test('nothing is sent after Close', async t => {
	const {far, client} = clientOf({closeTimeoutMs: 50});
	const closed = once(client, 'close') as Promise<[WebSocketCloseResult]>;
	client.close();
	t.true(client.send(Buffer.from('dropped')));
	client.ping();
	t.is(unmasked(await sentBy(far)), '8803e8');
	far.write(hex('89 00'));
	t.is((await sentBy(far)).length, 0, 'no pong either');
	t.is((await closed)[0].error, null, 'the other side’s Close is not waited for after the timeout');
	t.true(client.send(Buffer.from('dropped')));
	t.is((await sentBy(far)).length, 0);
});

test('close waits 1 s by default and delivers messages meanwhile', async t => {
	const {far, client} = clientOf();
	const heard: string[] = [];
	client.on('message', payload => heard.push(payload.toString()));
	client.pause();
	client.close();
	const closed = once(client, 'close') as Promise<[WebSocketCloseResult]>;
	await delay(200);
	far.write(hex('82 01 61  88 02 03e8'));
	far.resume();
	t.deepEqual([(await closed)[0].code, heard], [1000, ['a']]);
});

test('after an unanswered Close the connection is ended', async t => {
	const {near, far, client} = clientOf({closeTimeoutMs: 5});
	far.resume();
	client.close();
	await once(far, 'end');
	t.true(near.writableEnded);
});

for (const [title, end, code] of [
	['any end is normal', (far: Duplex) => far.end(), undefined],
	['a reset is a loss', (_: Duplex, near: Duplex) => near.destroy(new Error('read ECONNRESET')), 'ERR_STREAM_LOST'],
] as const) {
	test(`after a sent Close, ${title}`, async t => {
		const {near, far, client} = clientOf();
		const closed = once(client, 'close') as Promise<[WebSocketCloseResult]>;
		far.resume();
		client.close();
		end(far, near);
		t.is((await closed)[0].error?.code, code);
	});
}

test('a connection whose peer reads nothing is closed after a violation of the protocol', async t => {
	keepAlive(t);
	const {near, far, client} = clientOf();
	const [closed, gone] = [once(client, 'close') as Promise<[WebSocketCloseResult]>, once(near, 'close')];
	far.write(hex('83 00'));
	t.is((await closed)[0].error?.code, 'ERR_PROTOCOL');
	await gone;
	t.true(near.destroyed);
});

test('a closed client sends no more pings', async t => {
	const [near] = duplexPair();
	const client = new WebSocketMessages(near, {pingIntervalMs: 1});
	let pings = 0;
	client.ping = () => {
		pings++;
	};
	await until(() => pings > 1);
	const closed = once(client, 'close');
	client.destroy();
	await closed;
	const before = pings;
	await delay(20);
	t.is(pings, before);
});

/** Takes a piece each `pieceMs`; `Infinity` takes none. */
function slowSide(t: ExecutionContext, pieceMs: number) {
	keepAlive(t);
	const taken: Buffer[] = [];
	const socket = new Duplex({
		writableHighWaterMark: 1 << 20,
		read() {},
		write(piece: Buffer, _encoding, done) {
			if (pieceMs !== Infinity) {
				setTimeout(() => {
					taken.push(piece);
					done();
				}, pieceMs);
			}
		},
	});
	return {socket, taken};
}

test('data before Close is sent while the peer reads, and dropped otherwise', async t => {
	const closed = (pieceMs: number) => {
		const side = slowSide(t, pieceMs);
		const client = new WebSocketMessages(side.socket);
		for (let count = 0; count < 8; count++) {
			client.send(Buffer.alloc(1000));
		}

		client.close();
		return side;
	};

	const [stalled, slow] = [closed(Infinity), closed(400)];
	await once(stalled.socket, 'close');
	t.false(slow.socket.destroyed);
	await once(slow.socket, 'close');
	t.is(Buffer.concat(slow.taken).length, 8 * 1008 + 8);
});

test('an unanswered Close is reported although the peer still has to read what was sent', async t => {
	const {socket} = slowSide(t, Infinity);
	const client = new WebSocketMessages(socket, {closeTimeoutMs: 5});
	client.send(Buffer.from('unread'));
	const closed = once(client, 'close');
	client.close();
	t.deepEqual(await closed, [{code: 1006, reason: '', error: null}]);
	t.false(socket.destroyed);
});

test('an ended SPDY session over WebSocket stays until its data is sent', async t => {
	const {socket, taken} = slowSide(t, 400);
	const session = new SpdySession(new WebSocketCarrier(socket));
	const stream = session.open({}).on('error', () => undefined);
	for (let count = 0; count < 7; count++) {
		stream.write('x');
		await delay(1);
	}

	session.end();
	await once(socket, 'close');
	t.true(taken.length >= 8, `${taken.length} taken`);
});

test('a Close is reported with its code although the other side accepts no more data', async t => {
	const {socket} = slowSide(t, Infinity);
	const client = new WebSocketMessages(socket);
	client.send(Buffer.from('unread'));
	socket.push(hex('88 02 03f3'));
	t.deepEqual(await once(client, 'close'), [{code: 1011, reason: '', error: null}]);
});

for (const [title, bytes] of [
	['sent Close', '88 02 03e8'],
	['ended', null],
] as const) {
	test(`data is not confirmed after the other side has ${title}`, async t => {
		let accept: (() => void) | undefined;
		const socket = new Duplex({
			read() {},
			write(_chunk, _encoding, done) {
				if (accept) {
					done();
				} else {
					accept = done;
				}
			},
		});
		const client = new WebSocketMessages(socket, {closeTimeoutMs: 60_000});
		const events: string[] = [];
		client.on('drain', () => events.push('drain')).on('close', () => events.push('close'));
		t.false(client.send(Buffer.alloc(100_000)));
		socket.push(bytes === null ? null : hex(bytes));
		await delay(10);
		t.false(client.send(Buffer.from('dropped')));
		accept!();
		await once(socket, 'close');
		t.deepEqual(events, ['close']);
	});
}

test('destroy ends the connection with the given error', async t => {
	const [near] = duplexPair();
	near.unshift(hex('82 01 61'));
	const client = new WebSocketMessages(near);
	const error = new SpokeError('ERR_PROTOCOL', 'own words');
	const closed = once(client, 'close') as Promise<[WebSocketCloseResult]>;
	client.destroy(error);
	client.destroy(new SpokeError('ERR_PROTOCOL', 'later words'));
	t.true(near.destroyed);
	t.deepEqual(await closed, [{code: 1006, reason: '', error}]);
});

test('an end without a Close is a loss', async t => {
	const {far, client} = clientOf();
	far.end();
	const [ending] = (await once(client, 'close')) as [WebSocketCloseResult];
	t.is(ending.error?.code, 'ERR_STREAM_LOST');
	t.is(ending.code, 1006);
});

test('a paused reader leaves unread data with the sender', async t => {
	const {client, server} = await socketPair(t);
	const messages = new WebSocketMessages(client);
	const far = serverWebSocket(server);
	let seen = 0;
	messages.on('message', payload => {
		seen += payload.length;
		messages.pause();
	});
	await until(
		() => {
			far.send(Buffer.alloc(100_000));
			return far.bufferedAmount >= 1_000_000;
		},
		() => far.bufferedAmount,
	);

	await delay(50);
	t.true(far.bufferedAmount > 500_000);
	t.true(seen <= 200_000, `${seen} seen`);
});

test('a pause holds for buffered data and ends with resume', async t => {
	const {far, client} = clientOf();
	let heard = 0;
	client.on('message', () => {
		heard++;
		if (heard === 1) {
			client.pause();
		}
	});
	for (let messages = 0; messages < 3; messages++) {
		far.write(Buffer.concat([hex('82 7f 00000000000186a0'), Buffer.alloc(100_000)]));
	}

	await eventLoopTurns();
	t.is(heard, 1);
	client.resume();
	await until(() => heard === 3);
});

for (const [title, bytes, read] of [
	['passes bytes on regardless of message borders and ends with Close', '82 01 61  82 00  02 01 62  80 01 63  88 02 03e8', 'abc'],
	['ends with a Close without a code', '82 01 61  88 00', 'a'],
] as const) {
	test(`a carrier ${title}`, async t => {
		const [near, far] = duplexPair();
		far.write(hex(bytes));
		t.is((await bytesOf(new WebSocketCarrier(near))).toString(), read);
	});
}

test('a destroyed carrier ends its socket, and a closed one accepts writes', async t => {
	const [near] = duplexPair();
	new WebSocketCarrier(near).destroy();
	t.true(near.destroyed);

	const [own, other] = duplexPair();
	const carrier = new WebSocketCarrier(own).resume();
	other.write(hex('88 02 03e8'));
	await once(carrier, 'end');
	await eventLoopTurns();
	t.true(carrier.writable);
	carrier.write('x');
	t.is(unmasked(await sentBy(other)), '8803e8');
	carrier.end();
	await once(carrier, 'close');
});

test('a carrier sends binary messages', async t => {
	const {client, server} = await socketPair(t);
	const carrier = new WebSocketCarrier(client);
	const far = createWebSocketStream(serverWebSocket(server));
	const sent = Buffer.alloc(5_000_000);
	for (let index = 0; index < sent.length; index += 4) {
		sent.writeUInt32LE(index, index);
	}

	carrier.write(sent.subarray(0, 3));
	carrier.end(sent.subarray(3));
	t.true((await bytesOf(far)).equals(sent));
});

test('a carrier rejects text messages and reports a Close other than 1000', async t => {
	const [near, far] = duplexPair();
	far.write(hex('81 01 61'));
	const [text] = (await once(new WebSocketCarrier(near), 'error')) as [SpokeError];
	t.deepEqual([text.code, text.message], ['ERR_PROTOCOL', 'unexpected text message on a binary WebSocket']);

	const [own, other] = duplexPair();
	const carrier = new WebSocketCarrier(own);
	carrier.resume();
	other.write(Buffer.concat([hex('88 07 03f3'), Buffer.from('later')]));
	const [closed] = (await once(carrier, 'error')) as [SpokeError];
	t.is(closed.code, 'ERR_STREAM_LOST');
	t.is(closed.message, 'the other side closed the WebSocket: 1011 later');
});

for (const [what, bytes, code, message] of [
	['an end without a Close', '82 01 61', 'ERR_STREAM_LOST', 'the connection ended without a WebSocket Close'],
	['a Close that gives no reason', '82 01 61  88 02 03f3', 'ERR_STREAM_LOST', 'the other side closed the WebSocket: 1011'],
	[
		'what breaks the protocol',
		'82 01 61  83 00',
		'ERR_PROTOCOL',
		'the other side violated the WebSocket protocol: Invalid WebSocket frame: invalid opcode 3',
	],
] as const) {
	test(`${what} is an error of a carrier`, async t => {
		const [near, far] = duplexPair();
		const carrier = new WebSocketCarrier(near).resume();
		carrier.on('end', () => {
			t.fail('an end');
		});
		far.write(hex(bytes));
		setImmediate(() => {
			far.end();
		});
		const [error] = (await once(carrier, 'error')) as [SpokeError];
		t.deepEqual([error.code, error.message], [code, message]);
	});
}

test('a carrier joins writes into messages of about 512 KiB', async t => {
	const [near, far] = duplexPair();
	const carrier = new WebSocketCarrier(near);
	const server = serverWebSocket(far);
	const lengths: number[] = [];
	server.on('message', (payload: Buffer) => lengths.push(payload.length));
	carrier.cork();
	for (const length of [524_288, 200_000, 200_000, 200_000, 200_000, 200_000]) {
		carrier.write(Buffer.alloc(length));
	}

	const written = new Promise(resolve => {
		carrier.write('last', resolve);
	});
	carrier.uncork();
	await written;
	await eventLoopTurns();
	t.deepEqual(lengths, [524_288, 600_000, 400_004]);
});

test('a carrier confirms a write only when its connection has room', async t => {
	const [near, far] = duplexPair();
	const carrier = new WebSocketCarrier(near);
	let isWritten = false;
	carrier.write(Buffer.alloc(1_000_000), () => {
		isWritten = true;
	});
	await eventLoopTurns();
	t.false(isWritten);
	far.resume();
	await until(() => isWritten);
	carrier.destroy();
});

test('a carrier reports round trips', async t => {
	const [near, far] = duplexPair();
	const carrier = new WebSocketCarrier(near, {pingIntervalMs: 5});
	const server = serverWebSocket(far);
	const {promise, resolve} = Promise.withResolvers<number>();
	carrier.onRoundTrip(resolve);
	t.true((await promise) >= 0);
	carrier.destroy();
	server.terminate();
});

for (const [subject, takes] of [
	['an unread carrier', async () => undefined],
	[
		'a carrier whose reader paused',
		async (carrier: WebSocketCarrier) =>
			new Promise<void>(resolve => {
				carrier.once('data', piece => {
					carrier.pause().unshift(piece);
					resolve();
				});
			}),
	],
] as const) {
	test(`${subject} applies back-pressure to the peer until it is read`, async t => {
		const {client, server} = await socketPair(t);
		const carrier = new WebSocketCarrier(client);
		const taken = takes(carrier);
		const far = createWebSocketStream(serverWebSocket(server));
		let written = 0;
		let stopped = false;
		while (!stopped && written < 200_000_000) {
			written += 100_000;
			if (!far.write(Buffer.alloc(100_000))) {
				stopped = await Promise.race([once(far, 'drain').then(() => false), delay(200).then(() => true)]);
			}
		}

		t.true(stopped, `${written} written without a stop`);
		t.true(carrier.readableLength < 1_000_000, `${carrier.readableLength} held`);
		far.end();
		await taken;
		const all = bytesOf(carrier);
		carrier.resume();
		t.is((await all).length, written);
	});
}

test('messages before a write error are read, and later sends are not confirmed', async t => {
	const socket = deafSide();
	const messages = new WebSocketMessages(socket, {closeTimeoutMs: 60_000});
	const heard: string[] = [];
	messages.on('message', message => heard.push(message.toString()));
	messages.on('drain', () => heard.push('drain'));
	messages.send(Buffer.from('refused'));
	await delay(20);
	t.false(messages.send(Buffer.from('dropped')));
	const closed = once(messages, 'close') as Promise<[WebSocketCloseResult]>;
	socket.push(Buffer.concat([Buffer.from([0x82, 4]), Buffer.from('last'), Buffer.from([0x88, 2, 3, 232])]));
	const [ending] = await closed;
	t.deepEqual([heard, ending], [['last'], {code: 1000, reason: '', error: null}]);
});

for (const [title, ends] of [
	['ends', true],
	['stays silent', false],
] as const) {
	test(`a peer that accepts no data and ${title} is lost with the write error`, async t => {
		const socket = deafSide();
		const messages = new WebSocketMessages(socket);
		const closed = once(messages, 'close') as Promise<[WebSocketCloseResult]>;
		messages.send(Buffer.from('refused'));
		if (ends) {
			await eventLoopTurns();
			socket.push(null);
		}

		keepAlive(t);
		const [{error}] = await closed;
		t.is(error?.message, 'the connection was lost: write EPIPE');
		t.is((error?.cause as NodeJS.ErrnoException).code, 'EPIPE');
	});
}

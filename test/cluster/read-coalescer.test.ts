import {Duplex} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {createHash} from 'node:crypto';
import {once} from 'node:events';
import {connect, createServer} from 'node:net';
import {ReadCoalescer, onreadOptions, interceptReads} from '../../source/cluster/transport/read-coalescer.ts';
import {eventLoopTurns} from '../support/event-loop-turns.ts';
import {toBytes, upgraded} from '../support/api-server.ts';
import {collected} from '../support/duplex-sides.ts';
import {listenOnLoopback} from '../support/listen-on-loopback.ts';
import {until} from '../support/until.ts';

/** Pushes the pieces as fast as they are read. */
function flood(pieces: readonly Buffer[]): Duplex {
	const waiting = [...pieces];
	return new Duplex({
		read() {
			this.push(waiting.shift() ?? null);
		},
	});
}

/** A socket that emits what is pushed, and its coalesced chunks as text. */
function quiet() {
	const socket = new Duplex({read() {}});
	const taken: string[] = [];
	const batch = new ReadCoalescer(
		socket,
		bytes => {
			taken.push(bytes.toString());
		},
		{isInteractive: true},
	);
	return {socket, batch, taken};
}

const numbered = (count: number, length: (number: number) => number) =>
	Array.from({length: count}, (_, number) => Buffer.alloc(length(number), number));

test('limits reads per event loop turn during a flood without losing bytes', async t => {
	const pieces = numbered(1000, number => 1024 * (1 + (number % 40)));
	const all = Buffer.concat(pieces);
	const socket = flood(pieces);
	const taken: Buffer[] = [];
	let inThisTurn = 0;
	let mostInATurn = 0;
	const batch = new ReadCoalescer(
		socket,
		bytes => {
			inThisTurn += bytes.length;
			taken.push(Buffer.from(bytes));
			// The chunk belongs to the receiver.
			bytes.fill(0xff);
		},
		{isInteractive: true},
	);
	let isOpen = true;
	const nextTurn = () => {
		mostInATurn = Math.max(mostInATurn, inThisTurn);
		inThisTurn = 0;
		if (isOpen) {
			setImmediate(nextTurn);
		}
	};

	setImmediate(nextTurn);
	await once(socket, 'end');
	batch.flush();
	isOpen = false;
	t.true(Buffer.concat(taken).equals(all));
	t.true(mostInATurn > 16_384 && mostInATurn < 150_000, `${mostInATurn} bytes`);
});

test('merges the chunks of one turn, and delivers a single chunk at once', async t => {
	const {socket, batch, taken} = quiet();
	socket.push('a');
	socket.push('b');
	await eventLoopTurns();
	t.deepEqual(taken, ['ab']);
	socket.push('c');
	await eventLoopTurns();
	t.deepEqual(taken, ['ab', 'c']);
	batch.end();
});

test('delivers paused bytes after resume', async t => {
	const pieces = numbered(100, () => 8192);
	const socket = flood(pieces);
	const taken: Buffer[] = [];
	const batch = new ReadCoalescer(
		socket,
		bytes => {
			taken.push(Buffer.from(bytes));
			batch.pause();
		},
		{isInteractive: false},
	);
	await delay(30);
	const held = Buffer.concat(taken).length;
	t.true(held < 150_000, `${held} bytes`);
	await delay(30);
	t.is(Buffer.concat(taken).length, held);
	const ended = once(socket, 'end');
	const wanting = setInterval(() => {
		batch.resume();
	}, 1);
	await ended;
	clearInterval(wanting);
	batch.flush();
	t.true(Buffer.concat(taken).equals(Buffer.concat(pieces)));
});

test('leaves the socket paused when ended inside its own callback', async t => {
	const socket = new Duplex({read() {}});
	const batch = new ReadCoalescer(
		socket,
		() => {
			batch.end();
		},
		{isInteractive: true},
	);
	// Enough to cause a pause.
	socket.push(Buffer.alloc(8192));
	await delay(20);
	t.true(socket.isPaused());
	socket.resume();
	await delay(20);
	t.false(socket.isPaused());
});

test('passes only later bytes to the next owner of the socket', async t => {
	const {socket, batch, taken} = quiet();
	socket.push('mine');
	await eventLoopTurns();
	batch.end();
	const next: string[] = [];
	socket.push('theirs');
	socket.on('data', bytes => next.push(String(bytes))).resume();
	await eventLoopTurns();
	t.deepEqual([taken, next], [['mine'], ['theirs']]);
});

const accept = (key: string) => createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

test('keeps record boundaries of bytes that arrive before an upgraded socket is read', async t => {
	const connection = await toBytes(
		t,
		(all, socket) => {
			const [, key = ''] = /sec-websocket-key: (\S+)/i.exec(all) ?? [];
			socket.write(
				`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept(key)}\r\n\r\n`,
			);
			for (const [index, text] of ['first ', 'second ', 'third'].entries()) {
				setTimeout(() => socket.write(text), 20 + 20 * index);
			}
		},
		'TLS',
	);
	const {socket} = await upgraded(connection.upgrade({method: 'GET', path: '/exec', upgrade: 'websocket', protocols: []}));
	// All data arrives before the first read.
	await delay(300);
	const read = collected(socket.resume());
	await until(() => read().length >= 'first second third'.length, read);
	t.is(String(read()), 'first second third');
	socket.destroy();
});

test('a sink receives reads in its own buffer until it is removed', async t => {
	const texts = ['stream', 'taken', 'stream again'];
	const server = createServer(socket => {
		socket.on('error', () => undefined).on('data', () => socket.write(texts.shift()!));
	});
	const port = await listenOnLoopback(server);
	t.teardown(() => server.close());
	const socket = connect({host: '127.0.0.1', port, onread: onreadOptions()});
	t.teardown(() => socket.destroy());
	const asked = async () => {
		socket.write('?');
		const [piece] = (await once(socket, 'data')) as [Buffer];
		return piece.toString();
	};

	t.is(await asked(), 'stream');
	const own = Buffer.alloc(100);
	const end = await new Promise<() => void>(resolve => {
		const endReads = interceptReads(socket, {
			buffer: own,
			onRead(place, length) {
				t.is(place.toString('utf8', 0, length), 'taken');
				resolve(endReads);
			},
		});
		socket.write('?');
	});
	end();
	t.is(await asked(), 'stream again');
	// The read after the first one went to the sink's buffer.
	t.is(own.toString('utf8', 0, 12), 'stream again');
});

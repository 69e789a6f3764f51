import {createHash} from 'node:crypto';
import {once} from 'node:events';
import {connect, createServer, type AddressInfo} from 'node:net';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {onreadOptions, interceptReads} from '../../source/cluster/transport/onread-buffers.ts';
import {toBytes} from '../support/api-server.ts';
import {until} from '../support/until.ts';

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
	const outcome = await connection.upgrade({method: 'GET', path: '/exec', upgrade: 'websocket', protocols: []});
	if (!outcome.upgraded) {
		t.fail();
		return;
	}

	// All data arrives before the first read.
	await delay(300);
	let text = '';
	outcome.socket.on('data', piece => {
		text += String(piece);
	});
	outcome.socket.resume();
	await until(
		() => text.length >= 'first second third'.length,
		() => text,
	);
	t.is(text, 'first second third');
	outcome.socket.destroy();
});

test('a sink receives reads in its own buffer until it is removed', async t => {
	const texts = ['stream', 'taken', 'stream again'];
	const server = createServer(socket => {
		socket.on('error', () => undefined).on('data', () => socket.write(texts.shift()!));
	}).listen(0, '127.0.0.1');
	await once(server, 'listening');
	t.teardown(() => server.close());
	const socket = connect({host: '127.0.0.1', port: (server.address() as AddressInfo).port, onread: onreadOptions()});
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

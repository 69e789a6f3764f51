/** A socket whose reads go to one place gives each of them to its stream as a piece of its own. */
import {createHash} from 'node:crypto';
import {once} from 'node:events';
import {connect, createServer, type AddressInfo} from 'node:net';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {directReads, takeReads} from '../../source/cluster/transport/direct-reads.ts';
import {toBytes} from '../support/byte-server.ts';

const accept = (key: string) => createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

test('what comes before an upgraded socket is read stays as it came, record by record', async t => {
	const connection = await toBytes(t, (all, socket) => {
		const [, key = ''] = /sec-websocket-key: (\S+)/i.exec(all) ?? [];
		socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${accept(key)}\r\n\r\n`);
		for (const [index, text] of ['first ', 'second ', 'third'].entries()) {
			setTimeout(() => socket.write(text), 20 + (20 * index));
		}
	}, 'TLS');
	const outcome = await connection.upgrade({method: 'GET', path: '/exec', upgrade: 'websocket', protocols: []});
	if (!outcome.upgraded) {
		t.fail();
		return;
	}

	await delay(150);
	let text = outcome.head.toString();
	outcome.socket.on('data', piece => {
		text += String(piece);
	});
	await delay(20);
	t.is(text, 'first second third');
	outcome.socket.destroy();
});

test('a taker gets what is read, where it wants it, until its end', async t => {
	const server = createServer(socket => {
		socket.on('error', () => undefined);
		for (const [index, text] of ['stream', 'taken', 'stream again'].entries()) {
			setTimeout(() => socket.write(text), 40 * index);
		}
	}).listen(0, '127.0.0.1');
	await once(server, 'listening');
	t.teardown(() => server.close());
	const socket = connect({host: '127.0.0.1', port: (server.address() as AddressInfo).port, onread: directReads()});
	const told: string[] = [];
	const own = Buffer.alloc(100);
	socket.on('data', piece => told.push(`data ${String(piece)}`));
	await delay(20);
	const end = takeReads(socket, {
		area: own,
		took(place, length) {
			told.push(`took ${place.toString('utf8', 0, length)}`);
		},
	});
	await delay(40);
	end();
	await delay(60);
	t.deepEqual(told, ['data stream', 'took taken', 'data stream again']);
	// The next read after the first one went to the taker's own place.
	t.is(own.toString('utf8', 0, 12), 'stream again');
	socket.destroy();
});

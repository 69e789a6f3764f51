/** Alone in its file, because other work in the process delays both sides. */
import {once} from 'node:events';
import {connect, createServer, type Socket} from 'node:net';
import {connect as connectSecurely, createServer as createSecureServer} from 'node:tls';
import test from 'ava';
import {destroyWhenDrained} from '../../source/wire/end-socket.ts';
import {issue} from '../support/certificates.ts';
import {listenOnLoopback} from '../support/listen-on-loopback.ts';

// Each read takes 64 KiB of TCP, but only a record of 16 KiB of TLS, so a quarter of the bytes takes the same time.
for (const [protocol, length] of [
	['TCP', 50_000_000],
	['TLS', 12_000_000],
] as const) {
	test.serial(`a long write over ${protocol} completes when the peer reads slowly`, async t => {
		const {certificate: cert, key} = await issue({ip: ['127.0.0.1']});
		const server = protocol === 'TLS' ? createSecureServer({cert, key}) : createServer();
		const port = await listenOnLoopback(server);
		t.teardown(() => server.close());
		const accepted = once(server, protocol === 'TLS' ? 'secureConnection' : 'connection') as Promise<[Socket]>;
		const client = protocol === 'TLS' ? connectSecurely({port, host: '127.0.0.1', ca: cert}) : connect(port, '127.0.0.1');
		const [far] = await accepted;
		let read = 0;
		far.on('data', (piece: Buffer) => {
			read += piece.length;
			far.pause();
		});
		const reading = setInterval(() => {
			far.resume();
		}, 4);
		client.end(Buffer.alloc(length));
		destroyWhenDrained(client);
		await once(far, 'end');
		clearInterval(reading);
		t.is(read, length);
	});
}

/** Runs the cases of test/wire/node-internals.test.ts on the Node that executes it, and prints their results as JSON. */
import {once} from 'node:events';
import http2 from 'node:http2';
import {fstatSync} from 'node:fs';
import {connect, createServer, type AddressInfo, type Socket} from 'node:net';
import process from 'node:process';
import {setImmediate as nextTurn} from 'node:timers/promises';
import {connect as connectSecurely, createServer as createSecureServer} from 'node:tls';
import {descriptorOf, keepReadingAfterWriteError, listenOn, pauseReads, unsentBytes} from '../../source/wire/node-internals.ts';

const [protocol, cert, key] = process.argv.slice(2);
const isSecure = protocol === 'TLS';
const answer = 'x'.repeat(20_000);

process.stdout.write(
	JSON.stringify({
		...(await seesProgress()),
		descriptors: await descriptors(),
		listening: await listening(),
		readsAnswer: await readsAnswer(() => undefined),
		readsAnswerByInternals: await readsAnswer(client => {
			keepReadingAfterWriteError(client, () => undefined);
		}),
		pausedReads: await pausedReads(),
	}),
);
process.exit();

/** Whether more than the beginning and the end of one write are seen while the peer reads it. */
async function seesProgress() {
	const {client, peer} = await openPair();
	const length = 12_000_000;
	const documented = new Set<number>();
	const internal = new Set<number>();
	client.write(Buffer.alloc(length));
	for (let read = 0; read < length; await nextTurn()) {
		read += (peer.read() as Buffer | null)?.length ?? 0;
		documented.add(client.writableLength + client.bytesWritten);
		internal.add(unsentBytes(client));
	}

	return {seesProgress: documented.size > 3, seesProgressByInternals: internal.size > 3};
}

/** Of an open socket, what the system says of its number, and the number of a closed one. */
async function descriptors() {
	const {peer} = await openPair();
	const isSocket = fstatSync(descriptorOf(peer)!).isSocket();
	peer.destroy();
	return {isSocket, closed: descriptorOf(peer) ?? 'none'};
}

/**
Listens on `0.0.0.0`, then on `::` with the same port, which must succeed, then on `127.0.0.1`, which must fail. Hardly any other process
has the port on IPv6 only.
*/
async function listening() {
	const [four, six, late] = [createServer(), createServer(), createServer()];
	listenOn(four, {address: '0.0.0.0', family: 'IPv4', port: 0, backlog: 8});
	await once(four, 'listening');
	const {port} = four.address() as AddressInfo;
	listenOn(six, {address: '::', family: 'IPv6', port, backlog: 8});
	await once(six, 'listening');
	const {address} = six.address() as AddressInfo;
	listenOn(late, {address: '127.0.0.1', family: 'IPv4', port, backlog: 8});
	const [error] = (await once(late, 'error')) as [NodeJS.ErrnoException];
	six.close();
	four.close();
	return {address, code: error.code, text: error.message.replace(String(port), 'PORT')};
}

/** The peer answers and goes, and the client reads after its writes have failed. */
async function readsAnswer(prepare: (client: Socket) => void): Promise<boolean> {
	const {client, peer} = await openPair();
	client.pause().on('error', () => undefined);
	prepare(client);
	peer.end(answer);
	await once(peer, 'finish');
	peer.destroy();
	const closed = new Promise(resolve => {
		client.once('close', resolve);
	});
	// The first write still succeeds, and its answer is the reset.
	for (let count = 0; count < 100 && !client.destroyed; count++) {
		await new Promise(resolve => {
			client.write('input', resolve);
		});
		await nextTurn();
	}

	let read = '';
	client.setEncoding('latin1').on('data', (chunk: string) => {
		read += chunk;
	});
	client.resume();
	await closed;
	return read === answer;
}

/** What a response brings until and during a pause, in which the session writes, and after it. */
async function pausedReads() {
	const server = isSecure ? http2.createSecureServer({cert, key}) : http2.createServer();
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const {port} = server.address() as AddressInfo;
	const socket = isSecure ? connectSecurely({port, host: '127.0.0.1', ca: cert, ALPNProtocols: ['h2']}) : connect(port, '127.0.0.1');
	const session = http2.connect('http://here', {createConnection: () => socket});
	const opened = once(server, 'stream') as Promise<[http2.ServerHttp2Stream]>;
	const response = session.request({':path': '/'});
	let read = '';
	response.setEncoding('latin1').on('data', (chunk: string) => {
		read += chunk;
	});
	const [stream] = await opened;
	stream.respond();
	const write = async (text: string) => {
		stream.write(text);
		await turns();
	};

	const ping = async () =>
		new Promise(resolve => {
			session.ping(error => {
				resolve(error);
			});
		});
	await write('before ');
	await ping();
	const resume = pauseReads(socket);
	await write('during ');
	const duringPause = read;
	const pingInPause = ping();
	await turns();
	resume();
	await write('after ');
	return {duringPause, pingErrors: [await pingInPause, await ping()], read, isDestroyed: socket.destroyed};
}

async function turns() {
	for (let turn = 0; turn < 100; turn++) {
		await nextTurn();
	}
}

async function openPair(): Promise<{client: Socket; peer: Socket}> {
	const server = isSecure ? createSecureServer({cert, key}) : createServer();
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const {port} = server.address() as AddressInfo;
	const accepted = once(server, isSecure ? 'secureConnection' : 'connection') as Promise<[Socket]>;
	const client = isSecure ? connectSecurely({port, host: '127.0.0.1', ca: cert}) : connect(port, '127.0.0.1');
	await once(client, isSecure ? 'secureConnect' : 'connect');
	const [peer] = await accepted;
	return {client, peer};
}

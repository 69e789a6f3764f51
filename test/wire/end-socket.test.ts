import {once} from 'node:events';
import {connect, createServer, type Socket} from 'node:net';
import {connect as tlsConnect, createServer as createTlsServer, type TLSSocket} from 'node:tls';
import test, {type ExecutionContext} from 'ava';
import {resetSocket} from '../../source/wire/end-socket.ts';
import {issue} from '../support/certificates.ts';
import {listenOnLoopback} from '../support/listen-on-loopback.ts';

test('resetSocket resets an open connection', async t => {
	const {near, endAtFar} = await pair(t);
	resetSocket(near);
	t.is(await endAtFar(), 'ECONNRESET');
});

test('resetSocket closes a socket whose FIN is being sent', async t => {
	const {near, endAtFar} = await pair(t);
	const closed = once(near, 'close');
	near.end('all of it');
	resetSocket(near);
	await closed;
	t.is(await endAtFar(), '9 bytes, FIN');
});

test('resetSocket resets an ended socket with queued bytes', async t => {
	const {near, writtenAtFar} = await pair(t);
	near.write(Buffer.alloc(50_000_000));
	near.end();
	resetSocket(near);
	// After unread bytes, Node before 24 reads a reset as an end (libuv before 1.52); writes fail in each.
	t.is(await writtenAtFar(), 'ECONNRESET');
});

test('resetSocket closes a socket below TLS whose FIN is being sent', async t => {
	const {certificate: cert, key} = await issue({ip: ['127.0.0.1']});
	const server = createTlsServer({cert, key});
	const {near, far} = await pair(t);
	tlsConnect({socket: far, rejectUnauthorized: false}).on('error', () => undefined);
	server.emit('connection', near);
	const [secured] = (await once(server, 'secureConnection')) as [TLSSocket];
	const closed = once(near, 'close');
	secured.end();
	resetSocket(near, secured);
	await closed;
	t.is(near.errored, null);
});

/** The far end is unread. */
async function pair(
	t: ExecutionContext,
): Promise<{near: Socket; far: Socket; endAtFar: () => Promise<string>; writtenAtFar: () => Promise<string>}> {
	const server = createServer({allowHalfOpen: true});
	const port = await listenOnLoopback(server);
	const far = connect({port, host: '127.0.0.1', allowHalfOpen: true});
	const {promise: end, resolve} = Promise.withResolvers<string>();
	far.once('error', (error: NodeJS.ErrnoException) => {
		resolve(String(error.code));
	});
	const [[near]] = await Promise.all([once(server, 'connection') as Promise<[Socket]>, once(far, 'connect')]);
	t.teardown(() => {
		far.destroy();
		near.destroy();
		server.close();
	});
	return {
		near,
		far,
		async endAtFar() {
			let bytes = 0;
			far
				.on('data', piece => {
					bytes += piece.length;
				})
				.once('end', () => {
					resolve(`${bytes} bytes, FIN`);
				});
			return end;
		},
		async writtenAtFar() {
			far.write('x', error => {
				resolve((error as NodeJS.ErrnoException | null | undefined)?.code ?? 'taken');
			});
			return end;
		},
	};
}

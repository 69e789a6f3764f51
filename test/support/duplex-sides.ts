/** Two sides of a connection in memory, and what a test reads of one. */
import {once} from 'node:events';
import {connect, createServer, type Socket} from 'node:net';
import {Duplex} from 'node:stream';
import type {ExecutionContext} from 'ava';
import {eventLoopTurns} from './event-loop-turns.ts';
import {listenOnLoopback} from './listen-on-loopback.ts';

/** Bytes in hexadecimal; spaces are for the reader. */
export const hex = (text: string): Buffer => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');

/** What the other side has sent up to now. */
export async function sentBy(far: Duplex): Promise<Buffer> {
	await eventLoopTurns();
	return (far.read(far.readableLength) as Buffer | null) ?? Buffer.alloc(0);
}

/** Collects what arrives from now on. */
export function collected(stream: NodeJS.ReadableStream): () => Buffer {
	const chunks: Buffer[] = [];
	stream.on('data', (chunk: Buffer) => chunks.push(chunk));
	return () => Buffer.concat(chunks);
}

/** Up to the other side's end; does not end the stream's own side. */
export async function bytesOf(stream: NodeJS.ReadableStream): Promise<Buffer> {
	const bytes = collected(stream);
	await once(stream, 'end');
	return bytes();
}

/** Unlike a real socket, one in memory does not keep the process alive. */
export function keepAlive(t: Pick<ExecutionContext, 'teardown'>): void {
	const alive = setInterval(() => {}, 1000);
	t.teardown(() => {
		clearInterval(alive);
	});
}

/** Real sockets, which close with the test. */
export async function socketPair(t: Pick<ExecutionContext, 'teardown'>): Promise<{client: Socket; server: Socket}> {
	const listener = createServer();
	const port = await listenOnLoopback(listener);
	const accepted = once(listener, 'connection');
	const client = connect(port, '127.0.0.1');
	const [server] = (await accepted) as [Socket];
	// A client that closes with unread data resets it.
	server.on('error', () => undefined);
	t.teardown(() => {
		client.destroy();
		server.destroy();
		listener.close();
	});
	return {client, server};
}

/** Its writes fail with EPIPE; what the other side sent before can still be read. */
export function deafSide(): Duplex {
	return new Duplex({
		read() {},
		write(_chunk, _encoding, done) {
			done(Object.assign(new Error('write EPIPE'), {code: 'EPIPE', syscall: 'write'}));
		},
	});
}

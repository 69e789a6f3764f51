import {createHash} from 'node:crypto';
import {once} from 'node:events';
import {connect, createServer, type Socket} from 'node:net';
import {duplexPair, type Duplex} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {forwardConnection, type ForwardedConnection, isPodSandboxGone} from '../../../source/streams/port-forward/forwarded-connection.ts';
import {SpdyServerSession} from '../../../source/sandbox/kubelet/spdy-server-session.ts';
import {SpdySession} from '../../../source/wire/spdy-session.ts';
import type {SpdyStream} from '../../../source/wire/spdy-stream.ts';
import {bytesOf} from '../../support/duplex-sides.ts';
import {listenOnLoopback} from '../../support/listen-on-loopback.ts';
import {manualClock, type ManualClock} from '../../support/manual-clock.ts';
import {until} from '../../support/until.ts';

type Line = {
	/** The local program's socket. */
	client: Socket;
	/** The runtime's stream. */
	data: SpdyStream;
	words: SpdyStream;
	/** spoke's socket, and the runtime's end of the carrier. */
	socket: Socket;
	far: Duplex;
	session: SpdySession;
	runtime: SpdyServerSession;
	running: ForwardedConnection;
};

async function line(t: ExecutionContext): Promise<Line> {
	const {session, runtime, far, streams, client, socket} = await ends(t);
	const error = session.open({streamtype: 'error'});
	error.end();
	const running = forwardConnection(socket, {error, data: session.open({streamtype: 'data'})});
	await until(() => streams.length >= 2, streams);
	return {client, socket, far, data: streams[1]!, words: streams[0]!, session, runtime, running};
}

/** A tunnel and a client's connection, which is not forwarded yet. */
async function ends(t: ExecutionContext, {replies = true} = {}) {
	const [near, far] = duplexPair();
	const session = new SpdySession(near);
	const runtime = new SpdyServerSession(far);
	const streams: SpdyStream[] = [];
	runtime.on('stream', stream => {
		stream.on('error', () => undefined);
		if (replies) {
			runtime.reply(stream);
		}

		streams.push(stream);
	});
	const listener = createServer({allowHalfOpen: true, pauseOnConnect: true});
	const port = await listenOnLoopback(listener);
	const accepted = once(listener, 'connection');
	const client = connect({port, host: '127.0.0.1', allowHalfOpen: true});
	client.on('error', () => undefined);
	const [socket] = (await accepted) as [Socket];
	t.teardown(() => {
		client.destroy();
		listener.close();
		session.destroy();
		runtime.destroy();
	});
	return {client, socket, near, far, streams, session, runtime};
}

/** Returns once the session has no stream of the connection left. */
async function streamsEnd(session: SpdySession): Promise<void> {
	await until(() => session.streamCount === 0, session.streamCount);
}

async function endSeenBy(client: Socket): Promise<string> {
	return once(client.resume(), 'end').then(
		() => 'FIN',
		(error: unknown) => ((error as NodeJS.ErrnoException).code === 'ECONNRESET' ? 'RST' : (error as Error).message),
	);
}

const sha = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

test('a client that ends first still receives the response', async t => {
	const {client, data, words, running} = await line(t);
	client.end('question');
	t.is((await bytesOf(data)).toString(), 'question');
	await delay(20);
	words.end();
	data.end('answer');
	t.is((await bytesOf(client)).toString(), 'answer');
	t.deepEqual(await running.outcome, {end: 'client-fin', error: null});
	t.deepEqual([running.up, running.down], [8, 6]);
});

test('a connection is active until its client ends, or until later bytes of the pod', async t => {
	const {client, data, words, running} = await line(t);
	client.end('question');
	t.is((await bytesOf(data)).toString(), 'question');
	await until(() => running.endedAt !== undefined);
	const closedAt = running.endedAt!;
	await delay(60);
	t.is(running.endedAt, closedAt);
	data.write('answer');
	await until(() => running.down === 6);
	const answeredAt = running.endedAt!;
	t.true(answeredAt - closedAt >= 50, `${answeredAt - closedAt} ms`);
	await delay(60);
	words.end();
	data.end();
	await running.outcome;
	t.is(running.endedAt, answeredAt);
});

test('a pod that ends first still receives 20 MiB', async t => {
	const {client, data, running} = await line(t);
	data.end('ready');
	t.is((await bytesOf(client)).toString(), 'ready');
	const sent = Buffer.alloc(20 << 20, 'spoke');
	client.end(sent);
	t.is(sha(await bytesOf(data)), sha(sent));
	t.deepEqual(await running.outcome, {end: 'pod-fin', error: null});
});

test('all bytes of a client reach the pod after the client closed its socket', async t => {
	const {client, socket, far, data, running, session} = await line(t);
	data.end();
	await bytesOf(client);
	const sent = Buffer.alloc(40_000, 'late');
	far.pause();
	// Fill the carrier.
	session
		.open({})
		.on('error', () => undefined)
		.write(Buffer.alloc(200_000));
	await delay(10);
	const closed = once(socket, 'close');
	client.end(sent);
	await closed;
	const atPod = bytesOf(data);
	far.resume();
	t.is(sha(await atPod), sha(sent));
	t.deepEqual(await running.outcome, {end: 'pod-fin', error: null});
});

test('bytes are unchanged in both directions at once', async t => {
	const {client, data, words, running} = await line(t);
	const [up, down] = [Buffer.alloc(5_000_000, 'up'), Buffer.alloc(7_000_000, 'down')];
	client.end(up);
	data.write(down);
	const atPod = bytesOf(data);
	const seen = bytesOf(client);
	t.is(sha(await atPod), sha(up));
	data.end();
	words.end();
	const atClient = await seen;
	t.is(sha(atClient), sha(down));
	t.truthy((await running.outcome).end);
});

test('a reset in the pod is a reset for the client', async t => {
	const {client, data, running} = await line(t);
	data.write('half a rep');
	await delay(10);
	data.reset();
	t.is(await endSeenBy(client), 'RST');
	t.deepEqual(await running.outcome, {end: 'pod-reset', error: null});
});

test('a refused port is a reset with the runtime’s message, even if data ended before', async t => {
	const {client, data, words, running, session} = await line(t);
	data.end();
	await delay(5);
	words.write('error forwarding port 9999 to pod x, uid : dial tcp4 127.0.0.1:9999: connect: connection refused', () => {
		words.reset();
	});
	t.is(await endSeenBy(client), 'RST');
	const {error} = await running.outcome;
	t.is(error?.code, 'ERR_PORT_REFUSED');
	t.regex(error!.text!, /^error forwarding port 9999/);
	t.true(session.usable);
	await streamsEnd(session);
});

test('a pod reset is recognized by the runtime’s message after a clean end of data', async t => {
	const {client, data, words, running} = await line(t);
	data.write('first part');
	await once(client, 'data');
	data.end();
	words.write('error forwarding port 80: read tcp4: read: connection reset by peer', () => {
		words.reset();
	});
	t.is(await endSeenBy(client), 'RST');
	t.deepEqual(await running.outcome, {end: 'pod-reset', error: null});
});

test('a client reset resets the stream, and the session stays usable', async t => {
	const {client, data, running, session} = await line(t);
	client.write('x');
	await once(data, 'data');
	client.resetAndDestroy();
	await once(data, 'error');
	t.deepEqual(await running.outcome, {end: 'client-reset', error: null});
	t.true(session.usable);
	await streamsEnd(session);
});

test('a client that closes during a download resets the stream', async t => {
	const {client, data, running, session} = await line(t);
	const writing = setInterval(() => data.write(Buffer.alloc(100_000)), 1);
	await once(client, 'data');
	client.destroy();
	await once(data, 'error');
	clearInterval(writing);
	t.deepEqual(await running.outcome, {end: 'client-reset', error: null});
	await streamsEnd(session);
});

test('a client that does not read pauses the pod and loses nothing when it resumes', async t => {
	const {client, data, words} = await line(t);
	client.pause();
	let written = 0;
	let stopped = false;
	while (!stopped && written < 200_000_000) {
		written += 100_000;
		if (!data.write(Buffer.alloc(100_000))) {
			stopped = await Promise.race([once(data, 'drain').then(() => false), delay(200).then(() => true)]);
		}
	}

	t.true(stopped && written < 16 << 20, `${written} bytes ahead`);
	data.end();
	words.end();
	client.resume();
	t.is((await bytesOf(client)).length, written);
});

test('data sent before the end reaches a client that reads longer than the linger time', async t => {
	const {client, socket, data, words, running} = await line(t);
	client.pause();
	let written = 0;
	await until(
		() => {
			written += 20_000;
			data.write(Buffer.alloc(20_000));
			return socket.writableLength > 0;
		},
		() => written,
	);

	words.end();
	data.end();
	await delay(3000);
	client.resume();
	t.is((await bytesOf(client)).length, written);
	t.deepEqual(await running.outcome, {end: 'pod-fin', error: null});
});

test('a lost session fails the connection and resets the client', async t => {
	const {client, far, running} = await line(t);
	client.write('x');
	await delay(10);
	far.end();
	t.is(await endSeenBy(client), 'RST');
	t.is((await running.outcome).error?.code, 'ERR_STREAM_LOST');
});

test('the connection ends although the client continues to send', async t => {
	const {client, data, words, running, session} = await line(t);
	client.write('x');
	await delay(5);
	words.end();
	data.end('bye');
	t.is((await bytesOf(client)).toString(), 'bye');
	client.write('too late');
	t.deepEqual(await running.outcome, {end: 'pod-fin', error: null});
	await streamsEnd(session);
});

test('abort resets both sides', async t => {
	const {client, data, running} = await line(t);
	const lost = once(data, 'error');
	running.abort('shutdown');
	t.is(await endSeenBy(client), 'RST');
	await lost;
	t.deepEqual(await running.outcome, {end: 'shutdown', error: null});
});

test('a connection that the runtime does not confirm within 15 s fails', async t => {
	const {session, socket} = await ends(t, {replies: false});
	const clock = manualClock();
	const running = forward(session, socket, clock);
	await clock.advance(14_000);
	t.is(await stateOf(running), 'open');
	await clock.advance(1000);
	t.is(await stateOf(running), 'ERR_STREAM_LOST');
});

test('time in which a slow client blocks the tunnel does not count as time without a reply', async t => {
	const {session, runtime, streams, socket} = await ends(t, {replies: false});
	const slow = session.open({streamtype: 'data'}).on('error', () => undefined);
	await until(() => streams.length === 1);
	streams[0]!.write(Buffer.alloc(600_000));
	await until(() => session.congestedStreams.size === 1);
	const clock = manualClock();
	const running = forward(session, socket, clock);
	await until(() => streams.length === 3);
	runtime.reply(streams[2]!);
	await clock.advance(60_000);
	t.is(await stateOf(running), 'open');
	slow.resume();
	await until(() => session.congestedStreams.size === 0);
	await clock.advance(60_000);
	t.is(await stateOf(running), 'open', 'the reply was read');
});

test('time in which an upload proceeds is not time without a reply, a stopped one is', async t => {
	const {session, near, far, socket} = await ends(t, {replies: false});
	far.pause();
	const upload = session.open({streamtype: 'data'}).on('error', () => undefined);
	for (let count = 0; count < 60; count++) {
		upload.write(Buffer.alloc(30_000));
	}

	await until(() => near.writableLength > 0);
	const clock = manualClock();
	const running = forward(session, socket, clock);
	for (let seconds = 0; seconds < 40; seconds++) {
		// A frame's head and its bytes.
		far.read();
		far.read();
		await clock.advance(1000);
	}

	t.is(await stateOf(running), 'open');
	await clock.advance(20_000);
	t.is(await stateOf(running), 'ERR_STREAM_LOST');
});

function forward(session: SpdySession, socket: Socket, clock: ManualClock): ForwardedConnection {
	const error = session.open({streamtype: 'error'});
	error.end();
	return forwardConnection(socket, {error, data: session.open({streamtype: 'data'})}, clock);
}

async function stateOf({outcome}: ForwardedConnection): Promise<string | undefined> {
	return Promise.race([outcome.then(({error}) => error?.code), delay(10, 'open')]);
}

test('messages of containerd and CRI-O name a pod sandbox that is gone', t => {
	const namespace = 'failed to execute portforward for sandbox "abc": network namespace for sandbox "abc" is closed';
	const refused = 'failed to connect to localhost:9999 inside namespace "abc", IPv4: dial tcp4 127.0.0.1:9999: connect: connection refused';
	const others = ['sandbox container "abc" is not running', 'failed to find sandbox "abc" in store: not found'];
	t.deepEqual(
		[namespace, ...others, refused].map(message => isPodSandboxGone(message)),
		[true, true, true, false],
	);
});

/** Connection between agent and server: frames, flow control and half-close. */
import {once} from 'node:events';
import {Duplex, duplexPair, PassThrough} from 'node:stream';
import {text} from 'node:stream/consumers';
import test from 'ava';
import {AgentConnection, encodeFrame, FrameReader, frameTypes, type OnDial} from '../../source/sandbox/tunnels/agent-connection.ts';

function tunnel(onDial: OnDial): {server: AgentConnection; agent: AgentConnection} {
	const [near, far] = duplexPair();
	return {server: new AgentConnection(near), agent: new AgentConnection(far, onDial)};
}

test('frames are complete however the bytes are split', t => {
	const bytes = Buffer.concat([
		encodeFrame(frameTypes.dial, 1, Buffer.from('10.0.0.1 80')),
		encodeFrame(frameTypes.fin, 1),
		encodeFrame(frameTypes.data, 7, Buffer.alloc(300, 'x')),
	]);
	const expected = [
		[1, 1, 11],
		[5, 1, 0],
		[4, 7, 300],
	];
	for (let at = 0; at <= bytes.length; at++) {
		const reader = new FrameReader();
		const frames = [...reader.push(bytes.subarray(0, at)), ...reader.push(bytes.subarray(at))];
		t.deepEqual(
			frames.map(({type, stream, payload}) => [type, stream, payload.length]),
			expected,
		);
	}
});

test('a dial request has address and port, and fails with the message of the agent', async t => {
	const {server} = tunnel(async (address, port) => {
		throw new Error(`dial tcp ${address}:${port}: connect: connection refused`);
	});
	await t.throwsAsync(server.dial('10.0.0.1', 80), {message: 'dial tcp 10.0.0.1:80: connect: connection refused'});
});

test('bytes flow in both directions, and each side can end first', async t => {
	const echo = new PassThrough();
	const {server} = tunnel(async () => echo);
	const stream = await server.dial('a', 1);
	const answer = text(stream);
	stream.end('all of it');
	t.is(await answer, 'all of it');
});

test('a slow reader blocks its writer but not the other streams', async t => {
	const silent = new Duplex({read() {}, write() {}});
	let taken = 0;
	const {server} = tunnel(async (_address, port) => (port === 1 ? silent : new PassThrough()));
	const stuck = await server.dial('a', 1);
	const lively = await server.dial('a', 2);
	const more = () => {
		while (taken < 64 * 1024 * 1024 && stuck.write(Buffer.alloc(64 * 1024))) {
			taken += 64 * 1024;
		}
	};

	stuck.on('drain', more);
	more();
	lively.write('still here');
	const [chunk] = await once(lively, 'data');
	t.is(String(chunk), 'still here');
	t.true(taken < 2 * 1024 * 1024, `${taken} bytes were sent without a reader`);
});

test('closing the connection ends every stream and dial', async t => {
	const {server, agent} = tunnel(async (_address, port) => (port === 1 ? new PassThrough() : new Promise(() => {})));
	const stream = await server.dial('a', 1);
	const waiting = server.dial('a', 2);
	agent.destroy();
	await Promise.all([once(stream, 'close'), t.throwsAsync(waiting, {message: 'the tunnel is gone'})]);
	t.is(server.openStreams, 0);
});

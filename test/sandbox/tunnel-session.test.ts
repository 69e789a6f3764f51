/** The connection between agent and server: frames cut anywhere, flow control, both kinds of ending. */
import {once} from 'node:events';
import {Duplex, duplexPair, PassThrough} from 'node:stream';
import {text} from 'node:stream/consumers';
import test from 'ava';
import {encodeFrame, FrameReader, frameTypes} from '../../source/sandbox/tunnels/tunnel-frame.ts';
import {AgentConnection, type OnDial} from '../../source/sandbox/tunnels/agent-connection.ts';

function tunnel(onDial: OnDial): {server: AgentConnection; agent: AgentConnection} {
	const [near, far] = duplexPair();
	return {server: new AgentConnection(near), agent: new AgentConnection(far, onDial)};
}

test('frames come out whole however the bytes are cut', t => {
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

test('a dial is asked for by address and port, and its failure is told in the agent’s words', async t => {
	const {server} = tunnel(async (address, port) => {
		throw new Error(`dial tcp ${address}:${port}: connect: connection refused`);
	});
	await t.throwsAsync(server.dial('10.0.0.1', 80), {message: 'dial tcp 10.0.0.1:80: connect: connection refused'});
});

test('bytes go both ways, and one side may end before the other', async t => {
	const echo = new PassThrough();
	const {server} = tunnel(async () => echo);
	const stream = await server.dial('a', 1);
	const answer = text(stream);
	stream.end('all of it');
	t.is(await answer, 'all of it');
});

test('a reader that does not read stops the writer, and not the other streams', async t => {
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
	t.true(taken < 2 * 1024 * 1024, `${taken} bytes went off to nobody`);
});

test('the end of the connection ends every stream and every dial', async t => {
	const {server, agent} = tunnel(async (_address, port) => (port === 1 ? new PassThrough() : new Promise(() => {})));
	const stream = await server.dial('a', 1);
	const waiting = server.dial('a', 2);
	agent.destroy();
	await Promise.all([once(stream, 'close'), t.throwsAsync(waiting, {message: 'the tunnel is gone'})]);
	t.is(server.openStreams, 0);
});

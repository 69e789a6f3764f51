/** An interrupted command: frames in hex, streams 1 error, 3 stdin, 5 stdout, 7 stderr. */
import {duplexPair} from 'node:stream';
import test from 'ava';
import {SpdyChannels} from '../../../source/streams/remote-command/spdy-channels.ts';
import {SpdySession} from '../../../source/wire/spdy-session.ts';
import {until} from '../../support/until.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
const success = Buffer.from('{"status":"Success"}').toString('hex');
const outputs = '00000005 00 000002 6869  00000005 01 000000  00000007 01 000000';
const cut = 'the other side ended the connection';

for (const [title, frames, lost] of [
	['between the status and the end of its stream', `${outputs} 00000001 00 000014 ${success}`, null],
	['inside the end of its stream', `${outputs} 00000001 00 000014 ${success} 0000`, null],
	['inside the status', `${outputs} 00000001 00 000014 ${success.slice(0, -2)}`, cut],
	['before the status', outputs, cut],
	[
		'behind the status, with an output that had not ended',
		`00000005 00 000002 6869  00000007 01 000000  00000001 00 000014 ${success}`,
		cut,
	],
	[
		'behind a status, by what no peer may send',
		`${outputs} 00000001 00 000014 ${success} 00000000 00 000000`,
		'a SPDY data frame for stream 0',
	],
] as const) {
	test(`a connection that ends ${title} is ${lost === null ? 'complete' : 'a loss'}`, async t => {
		const [near, far] = duplexPair();
		far.resume();
		const channels = new SpdyChannels(new SpdySession(near), {stdin: true, tty: false, onRoundTrip() {}});
		const heard: string[] = [];
		channels.stdout.on('data', piece => heard.push(String(piece)));
		channels.stderr!.resume();
		far.end(hex(frames));
		const ending = await channels.ended;
		t.deepEqual([heard, ending.lost?.message ?? null], [['hi'], lost]);
	});
}

test('a status is read after an output that ended while its reader was congested', async t => {
	const [near, far] = duplexPair();
	far.resume();
	const session = new SpdySession(near);
	const channels = new SpdyChannels(session, {stdin: false, tty: false, onRoundTrip() {}});
	const output = Buffer.alloc(300_000);
	// Streams 1 error, 3 stdout, 5 stderr; the status follows the end of both outputs.
	far.write(Buffer.concat([hex('00000003 01 0493e0'), output, hex('00000005 01 000000')]));
	far.write(hex(`00000001 01 000014 ${success}`));
	channels.stderr!.resume();
	await until(() => session.congestedStreams.size > 0, session.congestedStreams);

	let read = 0;
	channels.stdout.on('data', (piece: Buffer) => {
		read += piece.length;
	});
	const {status, lost} = await channels.ended;
	t.deepEqual([read, status.toString('hex'), lost], [output.length, success, null]);
});

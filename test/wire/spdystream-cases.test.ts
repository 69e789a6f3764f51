/** Test cases of moby/spdystream v0.5.1, the far end of every SPDY session. */
import {once} from 'node:events';
import {readFile} from 'node:fs/promises';
import {duplexPair} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import type {SpokeError} from '../../source/base/errors/spoke-error.ts';
import {StreamResetError} from '../../source/wire/protocol-error.ts';
import {SpdyServerSession} from '../../source/sandbox/kubelet/spdy-server-session.ts';
import {SpdySession} from '../../source/wire/spdy-session.ts';
import type {SpdyStream} from '../../source/wire/spdy-stream.ts';

type Case = readonly [name: string, held: readonly [file: string, title: string] | {why: string}];

const session = (title: string) => ['spdy-session.test.ts', title] as const;
const frame = (title: string) => ['spdy-frame.test.ts', title] as const;
const block = (title: string) => ['../sandbox/spdy-server-session.test.ts', title] as const;
const here = (title: string) => ['spdystream-cases.test.ts', title] as const;
const noIdleLimit = {why: 'spoke’s sessions have no idle limit; the end of the far side’s is covered by “the end of the connection”'};
const noQueue = {why: 'frames are handled in order of arrival, without a priority queue'};
const noDecoder = {why: 'spoke decompresses no header block; only the sandbox does, which serves clients on this machine'};
const goOptions = {why: 'how limits are passed in Go; spoke’s are constants, and their errors are tested'};

const cases: readonly Case[] = [
	['TestPriorityQueueOrdering', noQueue],
	['TestPriorityQueueSync', noQueue],
	['TestPriorityQueueBlocking', noQueue],
	['TestSpdyStreams', session('a stream carries headers and bytes both ways and ends each way separately')],
	['TestNewConnectionWithOptions', goOptions],
	['TestPing', session('a session returns the other side’s PINGs and times its own')],
	['TestHalfClose', session('a stream accepts data after the other side has ended its half')],
	['TestUnexpectedRemoteConnectionClosed', session('the end of the connection is an error only while streams are open')],
	['TestCloseNotification', session('the end of the connection is an error only while streams are open')],
	['TestIdleShutdownRace', noIdleLimit],
	['TestIdleNoTimeoutSet', here('an idle session stays open')],
	['TestIdleClearTimeout', noIdleLimit],
	['TestIdleNoData', noIdleLimit],
	['TestIdleWithData', noIdleLimit],
	['TestIdleRace', noIdleLimit],
	['TestHalfClosedIdleTimeout', here('a half-closed stream stays open while idle')],
	['TestStreamReset', session('destroying a stream sends RST_STREAM CANCEL and keeps the session open')],
	['TestStreamResetWithDataRemaining', session('a reset is an error after the data received before it')],
	['TestFramingAfterRemoteConnectionClosed', here('a write after the connection ended fails')],
	['TestGoAwayRace', session('a stream opened before GOAWAY arrives is lost with the connection')],
	['TestSetIdleTimeoutAfterRemoteConnectionClosed', noIdleLimit],
	['TestClientConnectionStopsServingAfterGoAway', here('a session ends with the connection after GOAWAY')],
	['TestStreamReadUnblocksAfterCloseThenReset', here('a waiting reader gets a reset that arrives after the local end')],
	['TestNewFramerWithOptions', goOptions],
	['TestHeaderParsing', block('the reader decodes consecutive header blocks of the Go library')],
	['TestCreateParseSynStreamFrameCompressionDisable', frame('every frame is decoded')],
	['TestCreateParseSynStreamFrameCompressionEnable', block('the reader decodes consecutive header blocks of the Go library')],
	['TestCreateParseSynReplyFrameCompressionDisable', frame('every frame is decoded')],
	['TestCreateParseSynReplyFrameCompressionEnable', block('the reader decodes consecutive header blocks of the Go library')],
	['TestCreateParseRstStream', frame('frames are encoded as the Go library expects them')],
	['TestCreateParseSettings', frame('every frame is decoded')],
	['TestReadFrameRejectsOversizedControlFrame', frame('a control frame past the limit')],
	['TestReadFrameRejectsSettingsLengthMismatch', frame('SETTINGS that do not add up')],
	['TestParseHeaderValueBlockRejectsHeaderCountOverLimit', noDecoder],
	['TestParseHeaderValueBlockRejectsHeaderFieldSizeOverLimit', noDecoder],
	['TestCreateParsePing', frame('frames are encoded as the Go library expects them')],
	['TestCreateParseGoAway', frame('frames are encoded as the Go library expects them')],
	['TestCreateParseHeadersFrame', frame('every frame is decoded')],
	['TestCreateParseHeadersFrameCompressionEnable', block('the reader decodes consecutive header blocks of the Go library')],
	['TestCreateParseWindowUpdateFrame', frame('every frame is decoded')],
	['TestCreateParseDataFrame', frame('every frame is decoded')],
	['TestCompressionContextAcrossFrames', block('the reader decodes consecutive header blocks of the Go library')],
	['TestMultipleSPDYFrames', frame('every frame is read the same when split anywhere')],
	['TestReadMalformedZlibHeader', noDecoder],
	['TestNoZeroStreamId', frame('SYN_STREAM for stream 0')],
];

test('the list has each of the library’s 45 cases once', t => {
	t.is(new Set(cases.map(([name]) => name)).size, 45);
	t.is(cases.length, 45);
});

test('each named test exists', async t => {
	for (const [name, held] of cases) {
		if ('why' in held) {
			continue;
		}

		const source = await readFile(new URL(held[0], import.meta.url), 'utf8');
		// A title, or a row of a table that makes tests.
		t.true(
			[`test('${held[1]}`, `\n\t['${held[1]}`].some(beginning => source.includes(beginning)),
			name,
		);
	}
});

test('an idle session stays open', async t => {
	const {client, server} = pair();
	const stream = await opened(client, server);
	t.is(await Promise.race([once(client, 'close'), delay(200, 'stays')]), 'stays');
	t.true(client.usable);
	t.false(stream.near.destroyed);
});

test('a half-closed stream stays open while idle', async t => {
	const {client, server} = pair();
	const {near, far} = await opened(client, server);
	near.end();
	far.resume();
	await once(far, 'end');
	t.is(await Promise.race([once(near, 'close'), delay(200, 'stays')]), 'stays');
	far.end('late');
	t.is(String((await once(near, 'data'))[0]), 'late');
});

test('a write after the connection ended fails', async t => {
	const {client, server, far: carrier} = pair();
	const {near} = await opened(client, server);
	const lost = once(near, 'error') as Promise<[SpokeError]>;
	near.resume();
	carrier.end();
	t.is((await lost)[0].code, 'ERR_STREAM_LOST');
	const {promise, resolve} = Promise.withResolvers<Error | null | undefined>();
	near.on('error', () => undefined);
	near.write('x', resolve);
	t.truthy(await promise);
	t.throws(() => client.open({}), {code: 'ERR_STREAM_LOST'});
});

test('a session ends with the connection after GOAWAY', async t => {
	const {client, server} = pair();
	await opened(client, server);
	const over = once(client, 'close');
	server.end();
	await over;
	t.false(client.usable);
});

test('a waiting reader gets a reset that arrives after the local end', async t => {
	const {client, server} = pair();
	const {near, far} = await opened(client, server);
	near.end();
	near.resume();
	const told = once(near, 'error');
	far.reset();
	t.true((await told)[0] instanceof StreamResetError);
});

function pair() {
	const [near, far] = duplexPair();
	return {far, client: new SpdySession(near), server: new SpdyServerSession(far)};
}

async function opened(client: SpdySession, server: SpdyServerSession): Promise<{near: SpdyStream; far: SpdyStream}> {
	const coming = once(server, 'stream') as Promise<[SpdyStream]>;
	const near = client.open({});
	near.on('error', () => undefined);
	const [far] = await coming;
	far.on('error', () => undefined);
	server.reply(far);
	return {near, far};
}

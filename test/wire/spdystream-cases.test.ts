/** The cases of moby/spdystream v0.5.1, the library at the far end of every SPDY session: each is held here or where it says, or cannot arise on our side. */
import {once} from 'node:events';
import {readFile} from 'node:fs/promises';
import {duplexPair} from 'node:stream';
import test from 'ava';
import type {SpokeError} from '../../source/errors/spoke-error.ts';
import {StreamResetError} from '../../source/wire/protocol-error.ts';
import {SpdySession} from '../../source/wire/spdy-session.ts';
import type {SpdyStream} from '../../source/wire/spdy-stream.ts';

type Case = readonly [name: string, held: readonly [file: string, title: string] | {why: string}];

const session = (title: string) => ['spdy-session.test.ts', title] as const;
const frame = (title: string) => ['spdy-frame.test.ts', title] as const;
const block = (title: string) => ['header-block.test.ts', title] as const;
const here = (title: string) => ['spdystream-cases.test.ts', title] as const;
const noIdleLimit = {why: 'our sessions have no idle limit; that the far side’s ends them is “an unexpected end of the connection”'};
const noQueue = {why: 'frames are handled as they come, there is no queue by priority'};
const goOptions = {why: 'how limits are passed in Go; ours are constants, and their refusals are held'};

const cases: readonly Case[] = [
	['TestPriorityQueueOrdering', noQueue],
	['TestPriorityQueueSync', noQueue],
	['TestPriorityQueueBlocking', noQueue],
	['TestSpdyStreams', session('a stream carries headers and bytes both ways, each way ended on its own')],
	['TestNewConnectionWithOptions', goOptions],
	['TestPing', session('PINGs of the other side are sent back, and our own are timed')],
	['TestHalfClose', session('the far side may end first and still be sent to')],
	['TestUnexpectedRemoteConnectionClosed', session('an unexpected end of the connection is an error for every stream')],
	[
		'TestCloseNotification',
		session('an unexpected end of the connection is an error for every stream, but an end between streams is none'),
	],
	['TestIdleShutdownRace', noIdleLimit],
	['TestIdleNoTimeoutSet', here('a quiet session stays')],
	['TestIdleClearTimeout', noIdleLimit],
	['TestIdleNoData', noIdleLimit],
	['TestIdleWithData', noIdleLimit],
	['TestIdleRace', noIdleLimit],
	['TestHalfClosedIdleTimeout', here('a stream of which one way has ended stays, however quiet')],
	['TestStreamReset', session('destroying a stream sends RST_STREAM CANCEL, and the session lives on')],
	['TestStreamResetWithDataRemaining', session('a reset is never taken for an end, and what came before it is read first')],
	['TestFramingAfterRemoteConnectionClosed', here('what is written after the connection went is an error, and hangs nobody')],
	['TestGoAwayRace', session('a stream opened while GOAWAY is under way is lost with the connection, not hung')],
	['TestSetIdleTimeoutAfterRemoteConnectionClosed', noIdleLimit],
	['TestClientConnectionStopsServingAfterGoAway', here('after GOAWAY and the end of the connection the session is over')],
	['TestStreamReadUnblocksAfterCloseThenReset', here('a reader that waits is told of a reset that comes after our own end')],
	['TestNewFramerWithOptions', goOptions],
	['TestHeaderParsing', block('header blocks of the Go library are read, one after the other')],
	['TestCreateParseSynStreamFrameCompressionDisable', frame('every frame is read')],
	['TestCreateParseSynStreamFrameCompressionEnable', block('header blocks of the Go library are read, one after the other')],
	['TestCreateParseSynReplyFrameCompressionDisable', frame('every frame is read')],
	['TestCreateParseSynReplyFrameCompressionEnable', block('header blocks of the Go library are read, one after the other')],
	['TestCreateParseRstStream', frame('frames are written as the Go library reads them')],
	['TestCreateParseSettings', frame('every frame is read')],
	['TestReadFrameRejectsOversizedControlFrame', frame('a control frame past the limit')],
	['TestReadFrameRejectsSettingsLengthMismatch', frame('SETTINGS that do not add up')],
	['TestParseHeaderValueBlockRejectsHeaderCountOverLimit', block('more than 1000 headers')],
	['TestParseHeaderValueBlockRejectsHeaderFieldSizeOverLimit', block('a field longer than 1 MiB')],
	['TestCreateParsePing', frame('frames are written as the Go library reads them')],
	['TestCreateParseGoAway', frame('frames are written as the Go library reads them')],
	['TestCreateParseHeadersFrame', frame('every frame is read')],
	['TestCreateParseHeadersFrameCompressionEnable', block('header blocks of the Go library are read, one after the other')],
	['TestCreateParseWindowUpdateFrame', frame('every frame is read')],
	['TestCreateParseDataFrame', frame('every frame is read')],
	['TestCompressionContextAcrossFrames', block('header blocks of the Go library are read, one after the other')],
	['TestMultipleSPDYFrames', frame('every frame is read the same when the bytes are split at any place')],
	['TestReadMalformedZlibHeader', block('no zlib header')],
	['TestNoZeroStreamId', frame('SYN_STREAM for stream 0')],
];

test('the library has 45 cases, each told once', t => {
	t.is(new Set(cases.map(([name]) => name)).size, 45);
	t.is(cases.length, 45);
});

test('each test that is named exists', async t => {
	for (const [name, held] of cases) {
		if ('why' in held) {
			continue;
		}

		const source = await readFile(new URL(held[0], import.meta.url), 'utf8');
		// A test's title, or a row of a table that makes tests.
		t.true(
			[`test('${held[1]}`, `\n\t['${held[1]}`].some(beginning => source.includes(beginning)),
			name,
		);
	}
});

test('a quiet session stays', async t => {
	const {client, server} = pair();
	const stream = await opened(client, server);
	t.is(await Promise.race([once(client, 'close'), stillness('stays')]), 'stays');
	t.true(client.usable);
	t.false(stream.near.destroyed);
});

test('a stream of which one way has ended stays, however quiet', async t => {
	const {client, server} = pair();
	const {near, far} = await opened(client, server);
	near.end();
	far.resume();
	await once(far, 'end');
	t.is(await Promise.race([once(near, 'close'), stillness('stays')]), 'stays');
	far.end('late');
	t.is(String((await once(near, 'data'))[0]), 'late');
});

test('what is written after the connection went is an error, and hangs nobody', async t => {
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

test('after GOAWAY and the end of the connection the session is over', async t => {
	const {client, server} = pair();
	await opened(client, server);
	const over = once(client, 'close');
	server.end();
	await over;
	t.false(client.usable);
});

test('a reader that waits is told of a reset that comes after our own end', async t => {
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
	return {far, client: new SpdySession(near), server: new SpdySession(far, {role: 'server'})};
}

async function opened(client: SpdySession, server: SpdySession): Promise<{near: SpdyStream; far: SpdyStream}> {
	const coming = once(server, 'stream') as Promise<[SpdyStream]>;
	const near = client.open({});
	near.on('error', () => undefined);
	const [far] = await coming;
	far.on('error', () => undefined);
	far.reply();
	return {near, far};
}

async function stillness<Told>(told: Told): Promise<Told> {
	return new Promise(resolve => {
		setTimeout(resolve, 200, told);
	});
}

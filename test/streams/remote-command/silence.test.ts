/** A silent far end, compared with one that is gone or was never reached. */
import {once} from 'node:events';
import {connect, createServer, type AddressInfo} from 'node:net';
import {Duplex} from 'node:stream';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {WebSocketChannels} from '../../../source/streams/remote-command/websocket-channels.ts';
import {pingIntervalMs, silenceTimeoutMs} from '../../../source/streams/remote-command/command-channels.ts';
import {detectUnstartedCommand, detectSilentEnd} from '../../../source/streams/remote-command/silence-watch.ts';
import {WebSocketMessages} from '../../../source/wire/websocket-messages.ts';
import {serve} from '../../support/api-server.ts';
import {reachedWeb} from '../../support/remote-command.ts';
import {serverWebSocket} from '../../support/server-websocket.ts';
import {until} from '../../support/until.ts';

const timing = {pingIntervalMs: 20, silenceTimeoutMs: 120};

test('pings keep an idle stream alive and measure round-trip time', async t => {
	const {channels, roundTrips, far} = pair({silenceTimeoutMs: 20_000});
	const server = serverWebSocket(far);
	await until(() => roundTrips.length >= 3, roundTrips);

	t.true(roundTrips.length > 1);
	t.true(roundTrips.every(milliseconds => milliseconds >= 0));
	server.close();
	t.is((await channels.ended).lost?.code, undefined);
});

test('a middlebox that drops idle flows keeps a stream with shorter ping intervals', async t => {
	// 30 pings, so that a busy machine does not miss all.
	const idleMs = 1200;
	const far = createServer(socket => {
		const server = serverWebSocket(socket);
		t.teardown(() => {
			server.terminate();
		});
	}).listen(0, '127.0.0.1');
	const middlebox = createServer(near => {
		const through = connect((far.address() as AddressInfo).port, '127.0.0.1');
		const cut = () => {
			near.destroy();
			through.destroy();
		};

		for (const [from, to] of [
			[near, through],
			[through, near],
		] as const) {
			from
				.setTimeout(idleMs, () => {
					// Read pending data first, in case this machine was busy.
					const {bytesRead} = from;
					setImmediate(() => {
						if (from.bytesRead === bytesRead) {
							cut();
						}
					});
				})
				.on('error', cut)
				.on('close', cut)
				.pipe(to);
		}
	}).listen(0, '127.0.0.1');
	await Promise.all([once(far, 'listening'), once(middlebox, 'listening')]);
	t.teardown(() => {
		middlebox.close();
		far.close();
	});
	const idle = async (pingIntervalMs: number) => {
		const socket = connect((middlebox.address() as AddressInfo).port, '127.0.0.1');
		await once(socket, 'connect');
		const channels = new WebSocketChannels(new WebSocketMessages(socket), {
			stdin: true,
			tty: false,
			canEndStdin: true,
			timing: {pingIntervalMs, silenceTimeoutMs: 30_000},
			onFarEndAnswered() {},
			onRoundTrip() {},
		});
		const outcome = await Promise.race([channels.ended.then(() => 'cut'), delay(idleMs * 5, 'alive')]);
		channels.close();
		return outcome;
	};

	t.is(await idle(40), 'alive');
	t.is(await idle(60_000), 'cut', 'the control: without pings it is cut');
});

test('the ping interval is below the limits of common middleboxes', t => {
	t.true(pingIntervalMs <= 30_000);
	t.true(silenceTimeoutMs <= 65_000);
});

test('a link that drops everything is lost within the silence timeout', async t => {
	const {channels} = pair();
	const startedAt = performance.now();
	const {lost} = await channels.ended;
	t.is(lost?.code, 'ERR_STREAM_LOST');
	t.regex(lost!.message, /^nothing was received/);
	t.true(performance.now() - startedAt < 15_000, 'and not within that of everybody else');
});

test('typed keys do not extend the silence timeout, blocking input does', async t => {
	// The timers of the channels do not keep a process alive, so this test alone would end before them.
	const alive = setInterval(() => undefined, 60_000);
	t.teardown(() => {
		clearInterval(alive);
	});
	const typing = pair({tty: true});
	typing.channels.stdin!.write('ls\n');
	const startedAt = performance.now();
	const piping = pair({tty: false});
	piping.channels.stdin!.write(Buffer.alloc(70_000));
	const first = await Promise.race([typing, piping].map(async ({channels}, index) => channels.ended.then(() => index)));
	t.is(first, 0);
	t.regex((await typing.channels.ended).lost!.message, /^nothing was received/);
	const {lost} = await piping.channels.ended;
	t.true(performance.now() - startedAt > timing.silenceTimeoutMs * 10);
	t.is(typing.notices.length, 0);
	t.is(piping.notices.length, 1);
	t.regex(piping.notices[0]!, /^no input was accepted .*before reading all input \(not every runtime reports this\)$/);
	t.regex(lost!.message, /accepted no more input/);
	t.regex(lost!.remedy!, /send no more than it reads/);
});

test('a paused reader is not counted as silence', async t => {
	const {channels, far} = pair();
	const server = serverWebSocket(far);
	server.send(Buffer.concat([Buffer.from([1]), Buffer.alloc(300_000)]));
	server.send(Buffer.concat([Buffer.from([1]), Buffer.alloc(300_000)]));
	let over = false;
	void channels.ended.then(() => {
		over = true;
	});
	await delay(600);
	t.false(over);
	channels.close();
});

const unreached = failedLog('net/http: TLS handshake timeout');
const reached = {status: 200, body: 'x'};

for (const [title, answers, expected] of [
	['a kubelet that cannot be reached ends a command that never began', [unreached, unreached], 'ERR_SECOND_LEG'],
	['one failed probe does not end a command', [unreached, reached], null],
	['a kubelet that answers leaves the command quiet', [reached], null],
	[
		'a refused certificate does not end a command, whose own would have ended it at once',
		[failedLog('tls: failed to verify certificate: x509: certificate signed by unknown authority')],
		null,
	],
	[
		'a user who may not read logs leaves it quiet as well',
		[{status: 403, body: JSON.stringify({kind: 'Status', message: 'forbidden'})}],
		null,
	],
	['a kubelet that answers nothing at all ends it', [null, null], 'ERR_SECOND_LEG'],
] as const) {
	test(title, async t => {
		let asked = 0;
		const answered = Promise.withResolvers<void>();
		const server = await serve(t, (_request, response) => {
			const answer = answers[asked++];
			if (answer) {
				response.writeHead(answer.status, {'Content-Type': 'application/json'}).end(answer.body, () => {
					if (asked === answers.length) {
						answered.resolve();
					}
				});
			}
		});
		const probeTimeoutMs = answers[0] === null ? 300 : 60_000;
		const {failed, stop} = detectUnstartedCommand(
			await server.cluster(),
			reachedWeb,
			{received: 0},
			{silentMs: 20, probeTimeoutMs, againMs: 20},
		);
		const outcome = await Promise.race([
			failed.catch((error: unknown) => (error as {code: string}).code),
			...(expected === null ? [answered.promise.then(async () => delay(500, null))] : []),
		]);
		stop();
		t.is(outcome, expected);
		t.is(asked, answers.length);
	});
}

test('a running probe is aborted when the command ends', async t => {
	const asked = Promise.withResolvers<void>();
	const server = await serve(t, () => asked.resolve());
	const {failed, stop} = detectUnstartedCommand(
		await server.cluster(),
		reachedWeb,
		{received: 0},
		{silentMs: 20, probeTimeoutMs: 60_000, againMs: 20},
	);
	await asked.promise;
	stop();
	await until(() => server.sockets.size === 0, server.sockets);

	t.is(await Promise.race([failed, delay(50, 'no word')]), 'no word');
});

test('an endless probe response is read only up to its limit', async t => {
	const server = await serve(t, (_request, response) => {
		response.writeHead(500);
		const more = () => {
			while (!response.destroyed && response.write(Buffer.alloc(16_384))) {
				// Fill the buffers.
			}
		};

		response.on('drain', more);
		more();
	});
	detectUnstartedCommand(await server.cluster(), reachedWeb, {received: 0}, {silentMs: 20, probeTimeoutMs: 60_000, againMs: 20});
	await until(() => server.connections() > 0 && server.sockets.size === 0, server.sockets);

	t.pass();
});

test('a command with output is not probed', async t => {
	let asked = 0;
	const server = await serve(t, (_request, response) => {
		asked++;
		response.end('x');
	});
	detectUnstartedCommand(await server.cluster(), reachedWeb, {received: 1}, {silentMs: 20, probeTimeoutMs: 300, againMs: 20});
	await delay(200);
	t.is(asked, 0);
});

test('a silent command is reported once, only after more input than a pipe holds', async t => {
	const watch = (channels: {sent: number; received: number}) => {
		const notices: string[] = [];
		const {promise: isTold, resolve} = Promise.withResolvers<void>();
		const {stop} = detectSilentEnd(
			channels,
			notice => {
				notices.push(notice);
				resolve();
			},
			60,
		);
		t.teardown(stop);
		return {notices, isTold};
	};

	const talking = {
		sent: 100_000,
		get received() {
			return performance.now();
		},
	};
	// The last notice comes after those of the others.
	const [twice, little, busy, last] = [
		watch({sent: 100_000, received: 5}),
		watch({sent: 65_536, received: 5}),
		watch(talking),
		watch({sent: 100_000, received: 5}),
	];
	await last.isTold;
	await delay(200);
	t.deepEqual(
		[twice, little, busy, last].map(({notices}) => notices.length),
		[1, 0, 0, 1],
	);
});

/** The apiserver's response if it cannot read a log from the kubelet. */
function failedLog(reason: string) {
	const message = `Get "https://10.0.0.1:10250/containerLogs/default/web/app": ${reason}`;
	return {status: 500, body: JSON.stringify({kind: 'Status', message})};
}

/** Nothing reads the other end until the test does. */
function pair({tty = false, silenceTimeoutMs: silence = timing.silenceTimeoutMs} = {}) {
	const [near, far] = duplexPair();
	const roundTrips: number[] = [];
	const notices: string[] = [];
	const channels = new WebSocketChannels(new WebSocketMessages(near), {
		stdin: true,
		tty,
		canEndStdin: true,
		timing: {...timing, silenceTimeoutMs: silence},
		onFarEndAnswered() {},
		onRoundTrip({websocket}) {
			roundTrips.push(websocket!);
		},
		onNotice(notice) {
			notices.push(notice);
		},
	});
	return {channels, roundTrips, notices, far};
}

function duplexPair(): [Duplex, Duplex] {
	const sides: Duplex[] = [];
	const make = (other: number) =>
		new Duplex({
			read() {},
			write(chunk, _encoding, done) {
				sides[other]!.push(chunk);
				done();
			},
			final(done) {
				sides[other]!.push(null);
				done();
			},
		});
	sides.push(make(1), make(0));
	return sides as [Duplex, Duplex];
}

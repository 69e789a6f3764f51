import type {Socket} from 'node:net';
import {text} from 'node:stream/consumers';
import {finished} from 'node:stream/promises';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {Readable} from 'node:stream';
import {readFully, readBodyPrefix, retryAfterMs} from '../../source/cluster/transport/response-body.ts';
import {toBytes} from '../support/api-server.ts';
import {collected} from '../support/duplex-sides.ts';
import {until} from '../support/until.ts';

const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const lines = Array.from({length: 300}, (_, number) => `line ${number} ${'x'.repeat(number)}\n`);

for (const over of ['TCP', 'TLS'] as const) {
	const to = async (t: ExecutionContext, answer: Parameters<typeof toBytes>[1]) => toBytes(t, answer, over);

	test(`over ${over}, merges a thousand small chunks into a few, complete and in order`, async t => {
		const connection = await to(t, (_, socket) => socket.write(head + lines.map(line => chunk(line)).join('') + '0\r\n\r\n'));
		const {status, body} = await connection.request({path: '/log'});
		t.is(status, 200);
		const pieces = await Array.fromAsync(body as AsyncIterable<Buffer>);
		t.is(Buffer.concat(pieces).toString(), lines.join(''));
		t.true(pieces.length < 30, `${pieces.length} pieces`);
		t.true(connection.usable);
	});

	for (const size of [1, 7, 100, 20_000]) {
		test(`over ${over}, assembles two responses that arrive ${size} bytes at a time`, async t => {
			const all =
				head +
				lines
					.slice(0, size === 1 ? 30 : 300)
					.map(line => chunk(line))
					.join('') +
				'0\r\n\r\n';
			const connection = await to(t, (_, socket) => {
				for (let at = 0; at < all.length; at += size) {
					socket.write(all.slice(at, at + size));
				}
			});
			for (let round = 0; round < 2; round++) {
				t.is(await text((await connection.request({path: '/log'})).body), lines.slice(0, size === 1 ? 30 : 300).join(''));
			}

			t.true(connection.usable);
		});
	}

	test(`over ${over}, passes on a line before the next one arrives`, async t => {
		let far: Socket | undefined;
		const connection = await to(t, (_, socket) => {
			far = socket;
			socket.write(head + chunk('first\n'));
		});
		const {body} = await connection.request({path: '/log'});
		const pieces: string[] = [];
		body.on('data', piece => pieces.push(String(piece)));
		await until(() => pieces.length > 0);
		t.deepEqual(pieces, ['first\n']);
		far!.write(chunk('second\n').slice(0, 5));
		await delay(50);
		far!.write(`${chunk('second\n').slice(5)}0\r\n\r\n`);
		await until(() => body.readableEnded, pieces);
		t.is(pieces.join(''), 'first\nsecond\n');
	});

	test(`over ${over}, applies backpressure to the server when the body is not read`, async t => {
		const line = 'x'.repeat(1000);
		let sent = 0;
		const connection = await to(t, (_, socket) => {
			socket.write(head);
			const more = () => {
				for (let goesOn = true; goesOn && sent < 64_000; sent++) {
					goesOn = socket.write(chunk(line));
				}
			};

			socket.on('drain', more);
			more();
		});
		const {body} = await connection.request({path: '/log'});
		let before = -1;
		await until(async () => {
			before = sent;
			await delay(300);
			return sent === before;
		});
		t.true(sent < 64_000, `${sent} lines were sent`);
		t.true(body.readableLength < 1_000_000);
		let read = 0;
		body.on('data', (piece: Buffer) => {
			read += piece.length;
		});
		await until(
			() => read >= 64_000_000,
			() => read,
		);

		t.is(read, 64_000_000);
		body.destroy();
		t.false(connection.usable);
	});

	test(`over ${over}, delivers the bytes of an interrupted body, then fails`, async t => {
		for (const cut of [head + chunk('all') + '5\r\nha', head + chunk('all'), 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nall']) {
			const connection = await to(t, (_, socket) => socket.end(cut));
			const {body} = await connection.request({path: '/log'});
			const read = collected(body);
			await t.throwsAsync(finished(body), {message: 'aborted'});
			t.regex(String(read()), /^all(ha)?$/);
			t.false(connection.usable);
		}
	});

	test(`over ${over}, a body that exceeds the limit for the whole response has timed out`, async t => {
		const connection = await to(t, (_, socket) => socket.write(head + chunk('part')));
		const {body} = await connection.request({path: '/', wholeTimeoutMs: 300});
		await t.throwsAsync(readFully(body, 1000, 'the apiserver'), {code: 'ERR_APISERVER_TIMEOUT', message: /did not respond within 0.3 s/});
	});

	test(`over ${over}, ends a body without a length when the connection closes`, async t => {
		const connection = await to(t, (_, socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nto the end'));
		t.is(await text((await connection.request({path: '/'})).body), 'to the end');
		t.false(connection.usable);
	});

	test(`over ${over}, discards bytes after a complete response`, async t => {
		const connection = await to(t, (_, socket) =>
			socket.write(`${head}${chunk('a')}0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb`),
		);
		t.is(await text((await connection.request({path: '/a'})).body), 'a');
		await t.throwsAsync(connection.request({path: '/b', timeoutMs: 2000}), {code: 'ERR_APISERVER_UNREACHABLE'});
	});

	test(`over ${over}, times out while waiting for the head, but not during a slow body`, async t => {
		const silent = await to(t, () => undefined);
		await t.throwsAsync(silent.request({path: '/', timeoutMs: 100}), {code: 'ERR_APISERVER_TIMEOUT'});
		const slow = await to(t, (_, socket) => {
			socket.write(head);
			setTimeout(() => socket.write(`${chunk('late')}0\r\n\r\n`), 2000);
		});
		t.is(await text((await slow.request({path: '/', timeoutMs: 1500})).body), 'late');
	});

	test(`over ${over}, an abort ends an unfinished body only`, async t => {
		const abort = new AbortController();
		const open = await to(t, (_, socket) => socket.write(head + chunk('a')));
		const {body} = await open.request({path: '/', signal: abort.signal});
		body.resume();
		abort.abort(new Error('enough'));
		await t.throwsAsync(finished(body), {message: 'enough'});
		t.false(open.usable);

		const again = new AbortController();
		const whole = await to(t, (_, socket) => socket.write(`${head}0\r\n\r\n`));
		await text((await whole.request({path: '/', signal: again.signal})).body);
		again.abort();
		t.true(whole.usable);
	});

	test(`over ${over}, answers queued requests in order, and an abort cancels one alone`, async t => {
		const connection = await to(t, (all, socket) => {
			if (all.endsWith('\r\n\r\n')) {
				const paths = [...all.matchAll(/GET (\S+)/g)].map(([, path]) => path!);
				setTimeout(() => socket.write(`${head}${chunk(paths.at(-1)!)}0\r\n\r\n`), 200);
			}
		});
		const first = connection.request({path: '/first'});
		const hasty = connection.request({path: '/hasty', timeoutMs: 50});
		const last = connection.request({path: '/last'});
		await t.throwsAsync(hasty, {code: 'ERR_APISERVER_TIMEOUT'});
		t.is(await text((await first).body), '/first');
		t.is(await text((await last).body), '/last');
		t.true(connection.usable);
	});
}

test('reads no more than the maximum, and does not wait for the rest', async t => {
	const body = Readable.from([Buffer.from('abc'), Buffer.from('def'), Buffer.from('ghi')]);
	t.is(await readBodyPrefix(body, 5), 'abcde');
	t.true(body.destroyed);
});

test('returns what arrived when the body stalls', async t => {
	const body = new Readable({read() {}});
	body.push('first words');
	t.is(await readBodyPrefix(body, 100, {timeoutMs: 50}), 'first words');
	t.true(body.destroyed);
});

test('returns what arrived when the body is interrupted', async t => {
	const body = new Readable({read() {}});
	body.push('first words');
	setImmediate(() => body.destroy(new Error('cut')));
	t.is(await readBodyPrefix(body, 100), 'first words');
});

for (const [title, status, header, ms] of [
	['seconds of a 429', 429, '2', 2000],
	['seconds of a 503', 503, '0', 0],
	['seconds of a 403', 403, '2', null],
	['no header', 429, undefined, null],
	['an empty header', 429, '', null],
	['a fraction', 429, '1.5', null],
	['a negative number', 429, '-1', null],
	['a date', 503, 'Wed, 21 Oct 2026 07:28:00 GMT', null],
] as const) {
	test(`${title}: ${ms === null ? 'no delay' : `${ms} ms`}`, t => {
		t.is(retryAfterMs({status, headers: header === undefined ? {} : {'retry-after': header}}), ms);
	});
}

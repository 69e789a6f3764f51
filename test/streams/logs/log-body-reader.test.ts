/** The reader of a log's response body. */
import {Readable} from 'node:stream';
import {setImmediate as nextTurn} from 'node:timers/promises';
import test from 'ava';
import {LogBodyReader} from '../../../source/streams/logs/log-body-reader.ts';

const newBody = () => new Readable({highWaterMark: 256 * 1024, read() {}});

test('all unread bytes are returned as one chunk', async t => {
	const body = newBody();
	const reader = new LogBodyReader(body);
	for (const piece of ['one\n', 'two\n', 'three']) {
		body.push(piece);
	}

	await reader.waitForBytes();
	await nextTurn();
	t.is(String(reader.readAvailable()), 'one\ntwo\nthree');
	t.is(reader.readAvailable(), null);
	t.false(reader.hasEnded);
});

test('bytes and an end that arrived before the reader was created are read', async t => {
	const body = newBody();
	body.push('one\n');
	body.push(null);
	const reader = new LogBodyReader(body);
	await reader.waitForBytes();
	t.is(String(reader.readAvailable()), 'one\n');
	await reader.waitForBytes();
	t.true(reader.hasEnded);
	t.is(reader.error, null);
});

test('the body is paused at 64 KiB unread, and resumed by a read', async t => {
	const body = newBody();
	const reader = new LogBodyReader(body);
	await nextTurn();
	body.push(Buffer.alloc(64 * 1024, 'a'));
	body.push(Buffer.alloc(10, 'b'));
	await nextTurn();
	t.is(reader.unreadBytes, 64 * 1024);
	t.is(body.readableLength, 10);
	t.is(reader.readAvailable()?.length, 64 * 1024);
	await reader.waitForBytes();
	t.is(String(reader.readAvailable()), 'bbbbbbbbbb');
});

test('bytes that a paused body held when it failed are read', async t => {
	const body = newBody();
	const reader = new LogBodyReader(body);
	await nextTurn();
	body.push(Buffer.alloc(64 * 1024, 'a'));
	body.push('last\n');
	body.destroy(new Error('cut'));
	await nextTurn();
	t.true(reader.hasEnded);
	t.is(reader.error?.message, 'cut');
	t.is(reader.readAvailable()?.length, 64 * 1024 + 5);
	t.is(reader.readAvailable(), null);
});

test('bytes of a body that failed before the reader was created are read', async t => {
	for (const wait of [nextTurn, () => undefined]) {
		const body = newBody().on('error', () => undefined);
		body.push('one\n');
		body.destroy(new Error('cut'));
		await wait();
		const reader = new LogBodyReader(body);
		t.is(reader.error?.message, 'cut');
		t.is(String(reader.readAvailable()), 'one\n');
	}
});

test('a body that closes without an end was interrupted', async t => {
	const body = newBody();
	const reader = new LogBodyReader(body);
	body.destroy();
	await reader.waitForBytes();
	t.regex(reader.error?.message ?? '', /interrupted/);
});

test('a closed reader reads no more of the body', async t => {
	let pulled = 0;
	const body = new Readable({
		highWaterMark: 10,
		read() {
			pulled++;
			setImmediate(() => this.push('0123456789'));
		},
	});
	const reader = new LogBodyReader(body);
	await reader.waitForBytes();
	reader.close();
	for (let turn = 0; turn < 20; turn++) {
		await nextTurn();
	}

	t.true(pulled < 5, `${pulled} reads`);
});

test('a wait for bytes ends after its timeout', async t => {
	const reader = new LogBodyReader(newBody());
	await reader.waitForBytes(5);
	t.is(reader.readAvailable(), null);
	t.false(reader.hasEnded);
});

import {Readable} from 'node:stream';
import {setTimeout as delay, setImmediate as nextTurn} from 'node:timers/promises';
import test from 'ava';
import {readLineBlocks, LogBodyReader} from '../../../source/streams/logs/line-blocks.ts';

async function blocksOf(chunks: readonly Buffer[]): Promise<{blocks: Buffer[]; remainder: string; error: Error | null}> {
	const blocks: Buffer[] = [];
	const body = new Readable({read() {}});
	const reading = readLineBlocks(body, block => void blocks.push(block));
	for (const chunk of chunks) {
		body.push(chunk);
		await nextTurn();
	}

	body.push(null);
	const {remainder, error} = await reading;
	return {blocks, remainder: remainder.toString('latin1'), error};
}

const text = Buffer.from('one\n\ntwo\r\n\u00FF\nlast', 'latin1');

test('whole lines arrive whole, wherever the chunks are split', async t => {
	for (let first = 0; first <= text.length; first++) {
		for (let second = first; second <= text.length; second += 3) {
			const {blocks, remainder, error} = await blocksOf(
				[text.subarray(0, first), text.subarray(first, second), text.subarray(second)].filter(({length}) => length > 0),
			);
			t.is(Buffer.concat(blocks).toString('latin1'), text.toString('latin1').slice(0, -4));
			t.true(blocks.every(block => block.at(-1) === 0x0a));
			t.is(remainder, 'last');
			t.is(error, null);
		}
	}
});

test('a long line arrives in one block, byte for byte', async t => {
	const long = Buffer.alloc(5 * 1024 * 1024, 'abcdefg');
	const chunks: Buffer[] = [Buffer.from('short\n')];
	for (let at = 0; at < long.length; at += 50_000) {
		chunks.push(long.subarray(at, at + 50_000));
	}

	const {blocks, remainder} = await blocksOf([...chunks, Buffer.from('\nnext\nend')]);
	t.deepEqual(
		blocks.map(({length}) => length),
		[6, long.length + 6],
	);
	t.true(blocks[1]!.subarray(0, long.length).equals(long));
	t.is(remainder, 'end');
});

test('a line longer than the maximum is an error', async t => {
	const body = new Readable({read() {}});
	const reading = readLineBlocks(body, () => {});
	const chunk = Buffer.alloc(64 * 1024 * 1024, 'x');
	for (let index = 0; index < 5; index++) {
		body.push(chunk);
		await delay(5);
	}

	await t.throwsAsync(reading, {code: 'ERR_PROTOCOL', message: /longer than 256 MiB/});
});

test('an error of the body is returned with the remainder', async t => {
	const body = new Readable({read() {}});
	const reading = readLineBlocks(body, () => {});
	body.push('whole\nhalf');
	setTimeout(() => {
		body.destroy(new Error('cut'));
	}, 20);
	const {remainder, error} = await reading;
	t.is(remainder.toString(), 'half');
	t.is(error?.message, 'cut');
});

test('nothing is read while a block is processed', async t => {
	let pulled = 0;
	const body = new Readable({
		highWaterMark: 1000,
		read() {
			pulled++;
			this.push(pulled < 200 ? Buffer.alloc(500, 'x\n') : null);
		},
	});
	let most = 0;
	let taken = 0;
	await readLineBlocks(body, async block => {
		taken += block.length;
		await delay(1);
		most = Math.max(most, pulled * 500 - taken);
	});
	t.true(most <= 3000, `${most} bytes ahead`);
});

/** Pushes each chunk once `isNext` is true for the blocks so far. */
async function gathered(
	chunks: readonly string[],
	gatherMs: number,
	isNext: (taken: number, pushed: number) => boolean,
): Promise<string[]> {
	const blocks: string[] = [];
	const body = new Readable({read() {}});
	const reading = readLineBlocks(body, block => void blocks.push(block.toString()), {gatherMs});
	for (const [index, chunk] of chunks.entries()) {
		body.push(chunk);
		do {
			await nextTurn();
		} while (!isNext(blocks.length, index + 1));
	}

	body.push(null);
	await reading;
	return blocks;
}

test('the first line after a pause arrives at once, and the lines soon after it together', async t => {
	t.deepEqual(await gathered(['one\n', 'two\n', 'three\n', 'four\n'], 6000, taken => taken > 0), ['one\n', 'two\nthree\nfour\n']);
	t.deepEqual(await gathered(['one\n', 'two\n', 'three\n'], 0, (taken, pushed) => taken === pushed), ['one\n', 'two\n', 'three\n']);
});

test('a flood of lines is not delayed', async t => {
	const flood = `${'x'.repeat(50_000)}\n`;
	t.deepEqual(await gathered([flood, flood, 'last\n'], 600_000, (taken, pushed) => taken === pushed), [flood, flood, 'last\n']);
});

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

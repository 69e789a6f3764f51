/** Log of a container as a kubelet reads it. */
import {getEventListeners} from 'node:events';
import {Readable} from 'node:stream';
import {text} from 'node:stream/consumers';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {LogFile, type ReadOptions} from '../../source/sandbox/containers/container.ts';

const {signal} = new AbortController();

async function read(log: LogFile, options: Partial<ReadOptions> = {}): Promise<string> {
	return text(Readable.from(log.read({follow: false, timestamps: false, signal, ...options})));
}

function written(...lines: string[]): LogFile {
	const log = new LogFile();
	for (const line of lines) {
		log.append(Buffer.from(line));
	}

	return log;
}

test('tail counts from the end, and 0 returns no lines', async t => {
	const log = written('a', 'b', 'c');
	t.deepEqual(await Promise.all([0, 1, 2, 9].map(async tail => read(log, {tail}))), ['', 'c\n', 'b\nc\n', 'a\nb\nc\n']);
});

test('a followed log leaves no listeners on its signal', async t => {
	const {signal} = new AbortController();
	const log = new LogFile();
	const lines = log.read({follow: true, timestamps: false, signal});
	for (let line = 0; line < 20; line++) {
		const next = lines.next();
		log.append(Buffer.from(`${line}`));
		t.is(String((await next).value), `${line}\n`);
	}

	t.is(getEventListeners(signal, 'abort').length, 0);
});

test('limitBytes can end within a line', async t => {
	t.is(await read(written('hello', 'world'), {limitBytes: 8}), 'hello\nwo');
});

test('timestamps have nine digits and increase', async t => {
	const lines = (await read(written(...Array.from({length: 500}, String)), {timestamps: true}))
		.trimEnd()
		.split('\n')
		.map(line => line.split(' ', 1)[0]!);
	t.true(lines.every(stamp => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/.test(stamp)));
	t.deepEqual(lines, lines.toSorted());
	t.is(new Set(lines).size, 500);
});

test('a line longer than a record has one timestamp', async t => {
	const line = 'x'.repeat(40_000);
	t.is(await read(written(line, 'next')), `${line}\nnext\n`);
	t.is((await read(written(line), {timestamps: true})).split(' ').length, 2);
});

test('a follower gets new lines, continues after a rotation, and ends with the log', async t => {
	const log = written('before');
	const all = read(log, {follow: true});
	await Promise.resolve();
	log.append(Buffer.from('now'));
	log.rotate();
	log.append(Buffer.from('after'));
	log.close();
	t.is(await all, 'before\nnow\nafter\n');
	t.is(await read(log), 'after\n');
});

test('since selects by time', async t => {
	const log = written('old');
	await delay(15);
	const now = Date.now();
	log.append(Buffer.from('new'));
	t.is(await read(log, {since: now}), 'new\n');
});

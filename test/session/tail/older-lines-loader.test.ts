/** Inserted older lines. */
import type {ServerResponse} from 'node:http';
import test, {type ExecutionContext} from 'ava';
import {JoinPoints, OlderLinesLoader} from '../../../source/session/tail/older-lines.ts';
import type {TailSink} from '../../../source/session/tail/tail-events.ts';
import {LineBuffer, linesPerBlock, type LineBufferLimits} from '../../../source/session/tail/line-buffer.ts';
import {emptyTail} from '../../../source/session/tail/tail-view.ts';
import {startServer} from '../../support/api-server.ts';

const length = 1000;
const known = 5;
const log = Array.from({length}, (_, number) => `2026-01-02T03:04:${String(number % 60).padStart(2, '0')}.000000000Z line ${number}\n`);

/** The server responds when released. */
async function tailOfLog(t: ExecutionContext, limits?: LineBufferLimits) {
	const {promise: open, resolve: release} = Promise.withResolvers<void>();
	const {promise: asked, resolve: ask} = Promise.withResolvers<void>();
	const answer = async (response: ServerResponse, lines: number) => {
		await open;
		response.writeHead(200, {'content-type': 'text/plain'}).end(log.slice(-lines).join(''));
	};

	const server = await startServer({
		request(request, response) {
			ask();
			void answer(response, Number(new URL(request.url!, 'https://x').searchParams.get('tailLines') ?? length));
		},
	});
	t.teardown(async () => server.close());
	const buffer = new LineBuffer(limits);
	const points = new JoinPoints();
	const source = {namespace: 'default', pod: 'web', uid: null, node: 'n1', container: 'app', restarts: 0};
	for (const line of log.slice(-known)) {
		buffer.append(0, 0, 0, 'text', Buffer.from(line.slice(31, -1)));
		points.recordBlock(0, source, Buffer.from(line), 1);
	}

	const tail: TailSink = {
		request: {
			title: 'pod/web',
			target: 'pod/web',
			onlyTarget: 'pod/web',
			containers: {kind: 'default'},
			targets: async () => ({kind: 'pods', pods: []}),
		},
		view: emptyTail('tail-1', 'pod/web', buffer),
		changed() {},
		remapLines() {},
	};
	const opened = {access: await server.cluster(), observer: {}};
	return {
		tail,
		buffer,
		asked,
		release,
		older: new OlderLinesLoader(tail, points, () => opened, new AbortController().signal),
	};
}

test('concurrent requests for all older lines load each line once', async t => {
	const {tail, buffer, release, older} = await tailOfLog(t);
	const first = older.load(10);
	const lengths = [older.load(null), older.load(null)].map(async load => load.then(() => buffer.end));
	release();
	await first;
	t.deepEqual(await Promise.all(lengths), [length, length]);
	t.is(tail.view.older.phase, 'none');
});

test('no older lines are inserted before a gap of dropped lines', async t => {
	const {tail, buffer, asked, release, older} = await tailOfLog(t, {lines: Infinity, bytes: linesPerBlock * 30});
	const load = older.load(null);
	await asked;
	for (let number = 0; buffer.first === 0; number++) {
		buffer.append(0, 0, 0, 'text', Buffer.from(`what came meanwhile ${number}`));
	}

	const {first, end} = buffer;
	t.true(buffer.remaining.bytes > 1000);
	release();
	await load;
	t.deepEqual([buffer.first, buffer.end], [first, end]);
	t.is(tail.view.older.phase, 'full');
});

test('the beginnings of the logs of a hundred replaced pods take no more memory than their bytes', t => {
	const points = new JoinPoints();
	for (let index = 0; index < 100; index++) {
		const source = {namespace: 'default', pod: `web-${index}`, uid: null, node: 'n1', container: 'app'};
		for (const line of log.slice(0, known)) {
			points.recordBlock(index, source, Buffer.from(line), 1);
		}
	}

	const held = new Set(points.all.map(({first}) => first.buffer));
	const bytes = points.all.reduce((sum, {first}) => sum + first.length, 0);
	t.is(bytes, 100 * log.slice(0, known).join('').length);
	t.is(
		held.values().reduce((sum, {byteLength}) => sum + byteLength, 0),
		bytes,
	);
});

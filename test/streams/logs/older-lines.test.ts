/** Older lines are read up to where they join the known ones: none lost between, none twice, and what cannot be joined is said. */
import test, {type ExecutionContext} from 'ava';
import {readOlderLines} from '../../../source/streams/logs/older-lines.ts';
import {toResolvedTarget} from '../../../source/targets/resolve-pod.ts';
import {logSource} from '../../../source/streams/logs/follow-logs.ts';
import {LogServer, type LogRecord} from '../../support/log-server.ts';

const stamp = (at: number) => `2026-11-24T14:00:${String(Math.floor(at / 10)).padStart(2, '0')}.${String(at % 10).padEnd(9, '0')}Z`;
const record = (at: number, text = `line ${at}`): LogRecord => ({time: stamp(at), text});
const raw = (records: readonly LogRecord[]) => Buffer.from(records.map(({time, text}) => `${time} ${text}\n`).join(''));

async function withLog(t: ExecutionContext, records: readonly LogRecord[]) {
	const server = await LogServer.start();
	t.teardown(async () => server.stop());
	const log = server.addPod('web').get('app')!;
	log.append(...records);
	const cluster = await server.cluster();
	t.teardown(() => {
		cluster.close();
	});
	const pod = server.pods.get('web')!.object;
	return {
		server,
		log,
		async older(known: Buffer, {arrived = 500, most = null}: {arrived?: number; most?: number | null} = {}) {
			let lines: Buffer[] = [];
			const ending = await readOlderLines(
				cluster,
				logSource(pod, 'app'),
				{known, arrived, most},
				{
					begin() {
						lines = [];
					},
					take(block) {
						lines.push(Buffer.from(block));
					},
				},
				{target: toResolvedTarget('pod/web', pod, 1, 'app')},
			);
			return {...ending, text: Buffer.concat(lines).toString('latin1')};
		},
	};
}

test('all that stands before the first known line, and not one of the known ones', async t => {
	const records = Array.from({length: 300}, (_, at) => record(at));
	const {older} = await withLog(t, records);
	t.deepEqual(await older(raw(records.slice(250, 260))), {joined: true, isAll: true, text: raw(records.slice(0, 250)).toString()});
	t.deepEqual(await older(raw(records.slice(299))), {joined: true, isAll: true, text: raw(records.slice(0, 299)).toString()});
	t.deepEqual(await older(raw(records.slice(0, 5))), {joined: true, isAll: true, text: ''});
});

test('equal lines with equal timestamps are told apart by what follows them', async t => {
	const records = [
		record(1),
		record(2, 'same'),
		record(2, 'same'),
		record(2, 'same'),
		record(2, 'same'),
		record(2, 'other'),
		record(2, 'same'),
		record(3),
	];
	const {older} = await withLog(t, records);
	for (let from = 0; from < records.length; from++) {
		t.is((await older(raw(records.slice(from)))).text, raw(records.slice(0, from)).toString(), `known from ${from}`);
	}
});

test('a stretch that looks like the beginning of the known lines and goes on otherwise is older', async t => {
	const records = [
		record(1, 'a'),
		record(1, 'a'),
		record(1, 'b'),
		record(1, 'a'),
		record(1, 'a'),
		record(1, 'a'),
		record(1, 'b'),
		record(1, 'c'),
	];
	const {older} = await withLog(t, records);
	t.is((await older(raw(records.slice(4)))).text, raw(records.slice(0, 4)).toString());
});

test('only some are read from the end where only some are wanted; when there are none, the beginning is looked at', async t => {
	const records = Array.from({length: 2000}, (_, at) => record(at % 500, `line ${at}`));
	const {older, server} = await withLog(t, records);
	const some = await older(raw(records.slice(1500, 1600)), {arrived: 500, most: 300});
	t.deepEqual({joined: some.joined, isAll: some.isAll}, {joined: true, isAll: false});
	t.is(some.text, raw(records.slice(1000, 1500)).toString());
	t.is(server.seen.length, 1);
	t.deepEqual(await older(raw(records.slice(0, 100)), {arrived: 2000, most: 300}), {joined: true, isAll: true, text: ''});
});

test('the known end of a long line gets its beginning', async t => {
	const {older} = await withLog(t, [
		record(1),
		{time: stamp(2), text: 'the beginning, ', partial: true},
		{time: stamp(3), text: 'the end'},
		record(4),
	]);
	t.is((await older(raw([{time: stamp(3), text: 'the end'}, record(4)]))).text, `${stamp(1)} line 1\n${stamp(2)} the beginning, \n`);
});

test('the log before is looked at when the container was started anew, and joined there', async t => {
	const records = Array.from({length: 20}, (_, at) => record(at));
	const {older, log} = await withLog(t, records);
	log.restart();
	log.append(record(30), record(31));
	t.deepEqual(await older(raw(records.slice(15))), {joined: true, isAll: true, text: raw(records.slice(0, 15)).toString()});
});

test('a log that was rotated away cannot be joined, and that is said', async t => {
	const records = Array.from({length: 20}, (_, at) => record(at));
	const {older, log} = await withLog(t, records);
	log.rotate();
	log.append(record(30), record(31));
	t.like(await older(raw(records.slice(15))), {joined: false, isAll: true});
});

test('an answer that is cut is an error and no beginning', async t => {
	const records = Array.from({length: 300}, (_, at) => record(at));
	const {older, server} = await withLog(t, records);
	server.faults.push({kind: 'close', afterBytes: 2000});
	const error = await t.throwsAsync(older(raw(records.slice(250))));
	t.regex(
		error.message,
		/^the log of web was cut: the connection was closed in the middle of the answer: the apiserver answers others; .*is not known$/,
	);
});

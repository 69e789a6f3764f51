/** Older lines up to the known ones, without loss or duplicates. */
import test, {type ExecutionContext} from 'ava';
import {readOlderLines} from '../../../source/streams/logs/older-lines.ts';
import {toResolvedTarget} from '../../../source/cluster/targets/resolve-pod.ts';
import {logSource} from '../../../source/streams/logs/follow-logs.ts';
import {LogServer, type LogRecord} from '../../support/log-server.ts';

const stamp = (at: number) => `2026-11-24T14:00:${String(Math.floor(at / 10)).padStart(2, '0')}.${String(at % 10).padEnd(9, '0')}Z`;
const record = (at: number, text = `line ${at}`): LogRecord => ({time: stamp(at), text});
const raw = (records: readonly LogRecord[]) => Buffer.from(records.map(({time, text}) => `${time} ${text}\n`).join(''));

async function withLog(t: ExecutionContext, records: readonly LogRecord[]) {
	const server = await LogServer.start(t);
	const log = server.addPod('web').get('app')!;
	log.append(...records);
	const cluster = await server.cluster();
	const pod = server.pods.get('web')!.object;
	return {
		server,
		log,
		async older(known: Buffer, {arrived = 500, most = null}: {arrived?: number; most?: number | null} = {}) {
			let lines: Buffer[] = [];
			const ending = await readOlderLines(
				cluster,
				logSource(pod, 'app'),
				{known, receivedCount: arrived, maxLines: most},
				{
					start() {
						lines = [];
					},
					onLines(block) {
						lines.push(Buffer.from(block));
					},
				},
				{target: toResolvedTarget('pod/web', pod, 1, 'app')},
			);
			return {...ending, text: Buffer.concat(lines).toString('latin1')};
		},
	};
}

test('older lines are all lines before the first known line', async t => {
	const records = Array.from({length: 300}, (_, at) => record(at));
	const {older} = await withLog(t, records);
	t.deepEqual(await older(raw(records.slice(250, 260))), {isJoined: true, isComplete: true, text: raw(records.slice(0, 250)).toString()});
	t.deepEqual(await older(raw(records.slice(299))), {isJoined: true, isComplete: true, text: raw(records.slice(0, 299)).toString()});
	t.deepEqual(await older(raw(records.slice(0, 5))), {isJoined: true, isComplete: true, text: ''});
});

test('equal lines with equal timestamps are distinguished by the lines that follow', async t => {
	const records = [record(1), ...['same', 'same', 'same', 'same', 'other', 'same'].map(text => record(2, text)), record(3)];
	const {older} = await withLog(t, records);
	for (let from = 0; from < records.length; from++) {
		t.is((await older(raw(records.slice(from)))).text, raw(records.slice(0, from)).toString(), `known from ${from}`);
	}
});

test('lines that only start like the known lines are older', async t => {
	const records = ['a', 'a', 'b', 'a', 'a', 'a', 'b', 'c'].map(text => record(1, text));
	const {older} = await withLog(t, records);
	t.is((await older(raw(records.slice(4)))).text, raw(records.slice(0, 4)).toString());
});

test('a limited read of older lines requests a tail, and the whole log only if needed', async t => {
	const records = Array.from({length: 2000}, (_, at) => record(at % 500, `line ${at}`));
	const {older, server} = await withLog(t, records);
	const some = await older(raw(records.slice(1500, 1600)), {arrived: 500, most: 300});
	t.deepEqual({isJoined: some.isJoined, isComplete: some.isComplete}, {isJoined: true, isComplete: false});
	t.is(some.text, raw(records.slice(1000, 1500)).toString());
	t.is(server.seen.length, 1);
	t.deepEqual(await older(raw(records.slice(0, 100)), {arrived: 2000, most: 300}), {isJoined: true, isComplete: true, text: ''});
});

test('when only the end of a split line is known, its beginning is an older line', async t => {
	const {older} = await withLog(t, [
		record(1),
		{time: stamp(2), text: 'the beginning, ', partial: true},
		{time: stamp(3), text: 'the end'},
		record(4),
	]);
	t.is((await older(raw([{time: stamp(3), text: 'the end'}, record(4)]))).text, `${stamp(1)} line 1\n${stamp(2)} the beginning, \n`);
});

for (const [title, change, expected] of [
	['the previous log is joined when the container restarted', 'restart', {isJoined: true, isComplete: true, text: 15}],
	['a rotated log is reported as not joined', 'rotate', {isJoined: false, isComplete: true}],
] as const) {
	test(title, async t => {
		const records = Array.from({length: 20}, (_, at) => record(at));
		const {older, log} = await withLog(t, records);
		log[change]();
		log.append(record(30), record(31));
		const read = await older(raw(records.slice(15)));
		t.like(read, 'text' in expected ? {...expected, text: raw(records.slice(0, expected.text)).toString()} : expected);
	});
}

test('an interrupted response is an error', async t => {
	const records = Array.from({length: 300}, (_, at) => record(at));
	const {older, server} = await withLog(t, records);
	server.faults.push({kind: 'close', afterBytes: 2000});
	const error = await t.throwsAsync(older(raw(records.slice(250))));
	t.regex(
		error.message,
		/^the log of web was interrupted: the connection was closed in the middle of the response: the apiserver responds to new connections; .* was lost$/,
	);
});

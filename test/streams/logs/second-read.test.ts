/** A second read of a log, which verifies its follow. */
import test, {type ExecutionContext} from 'ava';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import {DuplicateFilter, RecentLines} from '../../../source/streams/logs/recent-lines.ts';
import {logSource} from '../../../source/streams/logs/follow-logs.ts';
import {isFirstOffered, readLogAgain, type SecondReadResult} from '../../../source/streams/logs/second-read.ts';
import {indicatesStall} from '../../../source/streams/locate-loss.ts';
import {toResolvedTarget} from '../../../source/cluster/targets/resolve-pod.ts';
import {LogServer, type Fault, type LogRecord} from '../../support/log-server.ts';
import {until} from '../../support/until.ts';

const timeouts = {responseTimeoutMs: 20_000, silenceTimeoutMs: 20_000};

const at = (fraction: number) => `2026-11-24T14:00:01.${fraction}Z`;
const a: LogRecord = {time: at(1), text: 'a'};
const b: LogRecord = {time: at(2), text: 'b'};
const c: LogRecord = {time: at(3), text: 'c'};

const asLine = ({time, text}: LogRecord) => `${time} ${text}\n`;

async function logOf(t: ExecutionContext, records: readonly LogRecord[], fault: Fault = null) {
	const server = await LogServer.start(t);
	const cluster = await server.cluster();
	server.addLog('w', ...records);
	server.faults.push(fault);
	const pod = server.pods.get('w')!.object;
	return {server, cluster, source: logSource(pod, 'app'), target: toResolvedTarget('w', pod, 1, 'app')};
}

/** The follow has had `a` and `b`. */
async function readAgain(
	{cluster, source, target}: Awaited<ReturnType<typeof logOf>>,
	more: {filter?: null; timeouts?: typeof timeouts; signal?: AbortSignal} = {},
): Promise<SecondReadResult> {
	const known = new RecentLines();
	known.add(Buffer.from(asLine(a) + asLine(b)));
	return readLogAgain(
		cluster,
		source,
		{timestamps: true},
		{
			filter: new DuplicateFilter(known.expectedDuplicates()),
			knownBytes: known.bytes,
			timeouts,
			target,
			signal: undefined,
			...more,
		},
	);
}

for (const [title, records, fault, result] of [
	['has the known lines alone', [a, b], null, {hasNewLines: false, foundLastLine: true}],
	['has a line after them', [a, b, c], null, {hasNewLines: true, foundLastLine: true}],
	['has another line instead of the last one', [a, c], null, {hasNewLines: true, foundLastLine: false}],
	['lacks the last line', [a], null, {hasNewLines: false, foundLastLine: false}],
	['is cut behind the last line', [a, b], {kind: 'close', afterBytes: 2 * asLine(a).length}, {hasNewLines: false, foundLastLine: true}],
] as const) {
	test(`a second read that ${title} says so`, async t => {
		t.deepEqual(await readAgain(await logOf(t, records, fault)), result);
	});
}

test('without a known line, each line of a second read is new', async t => {
	t.deepEqual(await readAgain(await logOf(t, [a]), {filter: null}), {hasNewLines: true, foundLastLine: false});
});

test('a second read asks for 64 KiB more than the known lines', async t => {
	const log = await logOf(t, [a]);
	await readAgain(log);
	t.is(log.server.seen[0]!.query['limitBytes'], String(2 * asLine(a).length + 65_536));
});

for (const [title, fault, short, code, message] of [
	[
		'is cut before the last line',
		{kind: 'close', afterBytes: asLine(a).length},
		{},
		'ERR_STREAM_LOST',
		/^the response to a second read of the log was incomplete: /,
	],
	[
		'stops before the last line',
		{kind: 'freeze', afterBytes: asLine(a).length},
		{silenceTimeoutMs: 100},
		'ERR_STREAM_LOST',
		/^the response to a second read of the log was incomplete: no more data for 0\.1 s$/,
	],
	[
		'has no response',
		{kind: 'silence'},
		{responseTimeoutMs: 100},
		'ERR_APISERVER_TIMEOUT',
		/^no response to a second read of the log within 0\.1 s$/,
	],
	[
		'stops within the message of a refusal',
		{kind: 'refuse', status: 500, body: 'cut', headers: {'content-length': '100'}},
		{responseTimeoutMs: 1000},
		'ERR_APISERVER_TIMEOUT',
		/^no response to a second read of the log within 1 s$/,
	],
] as const) {
	test(`a second read that ${title} decides nothing`, async t => {
		const reading = readAgain(await logOf(t, [a, b], fault), {timeouts: {...timeouts, ...short}});
		const error = await t.throwsAsync(reading, {instanceOf: SpokeError});
		t.is(error.code, code);
		t.regex(error.message, message);
		t.is(error.legKnown, code === 'ERR_APISERVER_TIMEOUT');
	});
}

for (const [code, isStall] of [
	['ERR_APISERVER_TIMEOUT', true],
	['ERR_NOT_FOUND', true],
	['ERR_TARGET_GONE', true],
	['ERR_STREAM_LOST', true],
	['ERR_FORBIDDEN', false],
	['ERR_APISERVER_UNREACHABLE', false],
] as const) {
	test(`a second read that fails with ${code} indicates ${isStall ? 'a' : 'no'} stall`, t => {
		t.is(indicatesStall(new SpokeError(code, 'words')), isStall);
	});
}

test('a second read ends with the reason of its abort', async t => {
	const log = await logOf(t, [], {kind: 'silence'});
	const stop = new AbortController();
	const reading = readAgain(log, {signal: stop.signal});
	await until(() => log.server.seen.length === 1);
	stop.abort(new Error('left'));
	await t.throwsAsync(reading, {message: 'left'});
});

for (const [title, records, block, fault, isFirst] of [
	['the log’s first line is its own', [a, b], asLine(a) + asLine(b), null, true],
	['the log has an earlier line', [a, b], asLine(b), null, false],
	['the log has another line of the same instant', [{...a, text: 'other'}], asLine(a), null, false],
	['the log begins later', [b], asLine(a), null, true],
	['the log is empty', [], asLine(a), null, true],
	['the log stops after its first line', [a, b], asLine(a), {kind: 'freeze', afterBytes: asLine(a).length}, true],
	['its own time is unknown', [a], 'no timestamp\n', null, false],
	['the log is refused', [a], asLine(a), {kind: 'refuse', status: 500, body: ''}, false],
	['the log is cut before a line', [a], asLine(a), {kind: 'close', afterBytes: 5}, false],
] as const) {
	test(`a block ${isFirst ? 'covers' : 'does not cover'} the log when ${title}`, async t => {
		const {cluster, source, target} = await logOf(t, records, fault);
		const options = {block: Buffer.from(block), timeouts, target, signal: undefined};
		t.is(await isFirstOffered(cluster, source, {timestamps: true}, options), isFirst);
	});
}

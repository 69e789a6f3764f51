/** Each run validates every object against its schema. */
import {once} from 'node:events';
import {createInterface} from 'node:readline';
import test, {type ExecutionContext} from 'ava';
import {jsonLine} from '../../../source/report/output/output-writer.ts';
import {logEventObject, logLineObjects, type PrintedEvent} from '../../../source/report/output/log-json.ts';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import type {LogSource} from '../../../source/streams/logs/log-events.ts';
import {LogServer} from '../../support/log-server.ts';
import {addTwoPods, logsCommand, timeOf} from '../../support/logs-command.ts';
import type {StartOptions} from '../../support/run-spoke.ts';
import {schemaFaults} from '../../support/schemas.ts';
import {untilStable} from '../../support/until.ts';

type LogObject = Record<string, unknown> & {
	kind: string;
	event: string;
	pod: string;
	container: string;
	text: string;
	timestamp: string | null;
};
const source: LogSource = {namespace: 'demo', pod: 'web', uid: 'u1', node: 'n1', container: 'app'};
const objects = (text: string) =>
	text
		.split('\n')
		.filter(line => line !== '')
		.map(line => JSON.parse(line) as LogObject);
const linesOf = (text: string) => objects(text).filter(({event}) => event === 'line');

async function given(t: ExecutionContext) {
	const server = await LogServer.start(t);
	addTwoPods(server);
	const {run, start} = logsCommand(t, server);
	return {
		server,
		log: server.pods.get('a')!.containers.get('app')!,
		spoke: async (...argv: string[]) => run('-o', 'json', ...argv),
		start: (argv: readonly string[], options?: StartOptions) => start(['-o', 'json', ...argv], options),
	};
}

test('a log is one object per line with its timestamp, and notices stay on stderr', async t => {
	const {spoke} = await given(t);
	const {status, stdout, stderr} = await spoke('a');
	t.is(status, 0);
	t.is(stderr, 'Defaulted container "app" out of: app, side\n');
	t.deepEqual(
		objects(stdout),
		[1, 2].map(second => ({
			apiVersion: 'spoke/v1',
			kind: 'LogLine',
			time: `2026-11-24T14:00:0${second}.000Z`,
			event: 'line',
			namespace: 'demo',
			pod: 'a',
			container: 'app',
			timestamp: timeOf(second),
			text: `a app ${second}`,
			base64: null,
			notice: null,
		})) as unknown as LogObject[],
	);
});

test('--timestamps and --prefix do not change JSON objects', async t => {
	const {spoke} = await given(t);
	t.is((await spoke('a', 'app', '--timestamps', '--prefix')).stdout, (await spoke('a', 'app')).stdout);
});

test('fields identify the log of each line', async t => {
	const {spoke} = await given(t);
	for (const follow of [[], ['-f']]) {
		const {status, stdout} = await spoke('-l', 'app=web', '--all-containers', ...follow);
		t.is(status, 0);
		const found = linesOf(stdout)
			.map(({pod, container, text}) => `${pod}/${container}: ${text}`)
			.sort();
		t.deepEqual(
			found,
			['a', 'b'].flatMap(pod =>
				['app', 'side'].flatMap(container => [1, 2].map(number => `${pod}/${container}: ${pod} ${container} ${number}`)),
			),
		);
	}
});

test('the log of the previous instance is printed as objects', async t => {
	const {log, spoke} = await given(t);
	log.restart();
	log.append({time: timeOf(9), text: 'new'});
	log.end();
	t.deepEqual(
		linesOf((await spoke('-p', 'a', '-c', 'app')).stdout).map(({text}) => text),
		['a app 1', 'a app 2'],
	);
});

test('a followed log emits events for a disconnect, a resume and its end', async t => {
	const {server, spoke} = await given(t);
	server.faults.push({kind: 'cut', afterBytes: 45});
	const {status, stdout, stderr} = await spoke('-f', 'a', '-c', 'app');
	t.is(status, 0);
	const events = objects(stdout).map(({event}) => event);
	t.deepEqual(
		linesOf(stdout).map(({text}) => text),
		['a app 1', 'a app 2'],
	);
	for (const event of ['opened', 'reconnecting', 'resumed', 'ended']) {
		t.true(events.includes(event), event);
	}

	t.like(
		objects(stdout).find(({event}) => event === 'ended'),
		{pod: 'a', container: 'app', reason: 'container-ended', ended: {exitCode: 0}, text: null},
	);
	t.like(
		objects(stdout).find(({event}) => event === 'reconnecting'),
		{attempt: 1, error: {code: 'ERR_STREAM_LOST'}},
	);
	t.regex(stderr, /reconnected after .*no gap/, 'stderr reports the same');
});

test('a gap is an event with the timestamp of the last line before it', async t => {
	const {server, log, start} = await given(t);
	log.state = 'running';
	server.faults.push(
		{kind: 'cut', afterBytes: 2 * `${timeOf(1)} a app 1\n`.length},
		...Array.from({length: 3}, () => ({kind: 'refuse', status: 503, body: ''}) as const),
	);
	const {child} = start(['-f', 'a', '-c', 'app']);
	const found: LogObject[] = [];
	for await (const line of createInterface({input: child.stdout})) {
		const object = JSON.parse(line) as LogObject;
		found.push(object);
		if (object.event === 'reconnecting' && object['attempt'] === 1) {
			log.append({time: timeOf(3), text: 'lost with the old file'});
			log.rotate();
			log.append({time: timeOf(4), text: 'after'});
			log.end();
		}
	}

	t.deepEqual(
		found.flatMap(object => schemaFaults(object)),
		[],
	);
	t.like(
		found.find(({event}) => event === 'gap'),
		{pod: 'a', container: 'app', reason: 'last-line-not-met', after: timeOf(2), timestamp: null, text: null},
	);
	t.deepEqual(
		found.filter(({event}) => event === 'line').map(({text}) => text),
		['a app 1', 'a app 2', 'after'],
	);
});

test('--limit-bytes counts only the bytes of the text', async t => {
	const {spoke} = await given(t);
	for (const follow of [[], ['-f']]) {
		const {status, stdout} = await spoke('a', '-c', 'app', '--limit-bytes=11', ...follow);
		t.is(status, 0);
		t.deepEqual(
			linesOf(stdout).map(({text}) => text),
			['a app 1', 'a a'],
			follow.join(' '),
		);
	}
});

test('a failure is the last object, and with --ignore-errors an event between the others', async t => {
	const {server, spoke} = await given(t);
	const missing = await spoke('nope');
	t.is(missing.status, 8);
	t.like(objects(missing.stdout).at(-1), {kind: 'Error', code: 'ERR_NOT_FOUND'});
	server.faults.push({kind: 'close', afterBytes: 45});
	const cut = await spoke('a', '-c', 'app');
	t.is(cut.status, 13);
	t.deepEqual(
		objects(cut.stdout).map(({kind}) => kind),
		['LogLine', 'LogLine', 'Error'],
	);
	server.faults.push({kind: 'refuse', status: 500, body: '{"kind":"Status","reason":"InternalError"}'});
	const going = await spoke('pod/a', 'pod/b', '-c', 'app', '--ignore-errors');
	t.is(going.status, 0);
	t.deepEqual(
		objects(going.stdout).map(({event, pod}) => `${event} ${pod}`),
		['failed a', 'line b', 'line b'],
	);
});

test('a blocked reader stops the server too', async t => {
	const {server, log, start} = await given(t);
	const text = 'x'.repeat(1000);
	log.append(...Array.from({length: 60_000}, () => ({time: timeOf(3), text})));
	const {child} = start(['a', '-c', 'app'], {reads: false});
	await once(child.stdout, 'readable');
	const sent = await untilStable(() => server.sent);
	t.true(sent < 45_000_000, `${sent} of 60,000,000 bytes were sent`);
	let length = 0;
	child.stdout.on('data', (chunk: Buffer) => {
		length += chunk.length;
	});
	const [status] = (await once(child, 'close')) as [number];
	t.is(status, 0);
	t.true(length > 60_000_000);
});

test('JSON keeps control characters, bidi marks, invalid UTF-8 and a missing line feed', t => {
	const bytes = Buffer.concat([
		Buffer.from(`${timeOf(1)} \u001B[31mred\u007F\t"\\\u202Eevil\r\n`),
		Buffer.from(`${timeOf(2)} \n`),
		Buffer.from(`${timeOf(3)} a`),
		Buffer.from([0xff, 0xfe, 0x0a]),
		Buffer.from('no timestamp\n'),
		Buffer.from('2026-11-24T14:00:05+02:00 zone\n'),
		Buffer.from(`${timeOf(6)} ü end`),
	]);
	const text = logLineObjects(bytes, source);
	t.notRegex(text, /[\u0000-\u0009\u000B-\u001F\u007F\u202E]/);
	const found = objects(text);
	t.deepEqual(
		found.flatMap(object => schemaFaults(object)),
		[],
	);
	t.deepEqual(
		found.map(object => object.text),
		['\u001B[31mred\u007F\t"\\\u202Eevil\r', '', 'a\uFFFD\uFFFD', 'no timestamp', 'zone', 'ü end'],
	);
	t.deepEqual(
		found.map(({base64}) => base64),
		[null, null, Buffer.from([0x61, 0xff, 0xfe]).toString('base64'), null, null, null],
	);
	t.deepEqual(
		found.map(({timestamp}) => timestamp),
		[timeOf(1), timeOf(2), timeOf(3), null, '2026-11-24T14:00:05+02:00', timeOf(6)],
	);
	t.is(found[4]!['time'], '2026-11-24T12:00:05.000Z');
});

test('the byte limit is applied line by line', t => {
	const block = Buffer.from(`${timeOf(1)} one\n${timeOf(2)} two\n${timeOf(3)} three\n`);
	let left = 6;
	const take = (bytes: number) => {
		const taken = Math.min(bytes, left);
		left -= taken;
		return taken;
	};

	t.deepEqual(
		objects(logLineObjects(block, source, {take})).map(({text}) => text),
		['one', 'tw'],
	);
});

const error = new SpokeError('ERR_STREAM_LOST', 'lost');
const events: readonly PrintedEvent[] = [
	{type: 'opened', source},
	{type: 'waiting', source, reason: 'ErrImagePull', message: 'not found', ended: null},
	{type: 'waiting', source, reason: null, message: null, ended: {exitCode: 1, reason: 'Error', at: timeOf(1)}},
	{type: 'stalled', source, leg: 2, silentForMs: 30_000},
	{type: 'stalled', source, leg: null, silentForMs: 30_000},
	{type: 'reconnecting', source, attempt: 1, retryInMs: 500, error},
	{type: 'reconnecting', source, attempt: 2, retryInMs: 500, error: null},
	{type: 'resumed', source, outageMs: 700, proven: true, foundLastLine: true},
	{type: 'gap', source, after: timeOf(2), reason: 'last-line-not-met'},
	{type: 'gap', source, after: null, reason: 'no-line-yet'},
	{type: 'restarted', source, restarts: 3, ended: null},
	{type: 'server-said', source, text: 'failed to create fsnotify watcher'},
	{type: 'ended', source, reason: 'pod-gone', ended: null},
	{type: 'pod-appeared', namespace: 'demo', pod: 'web', node: null},
	{type: 'pod-gone', namespace: 'demo', pod: 'web', node: 'n1'},
	{type: 'no-pods'},
	{type: 'no-pods', error},
	{type: 'no-more-pods'},
	{type: 'failed', source, error},
	{type: 'apiserver-unreachable', error},
	{type: 'apiserver-reached', outageMs: 700},
];
for (const [index, event] of events.entries()) {
	test(`event ${index + 1}, ${event.type}, matches the schema`, t => {
		const object = JSON.parse(jsonLine(logEventObject(event))) as LogObject;
		t.deepEqual(schemaFaults(object), []);
		t.is(object.event, event.type);
	});
}

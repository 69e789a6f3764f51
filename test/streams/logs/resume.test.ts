import {setTimeout as sleep} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import type {ClusterClient} from '../../../source/cluster/cluster-client.ts';
import {followLogs, type FollowLogsOptions} from '../../../source/streams/logs/follow-logs.ts';
import type {LogEvent} from '../../../source/streams/logs/log-events.ts';
import {formatSinceTime} from '../../../source/streams/logs/pod-log-options.ts';
import type {StallTimeouts} from '../../../source/streams/logs/stall-detector.ts';
import {LogServer, type ContainerLog, type LogRecord} from '../../support/log-server.ts';
import {until} from '../../support/until.ts';

const quickly: StallTimeouts = {
	checkApiserverAfterMs: 400,
	apiserverTimeoutMs: 2000,
	secondReadAfterMs: 500,
	deliveryTimeoutMs: 300,
	secondReadIntervalMs: 800,
	responseTimeoutMs: 2000,
	silenceTimeoutMs: 1000,
};

type Followed = {text: string; events: LogEvent[]};

async function follow(
	server: LogServer,
	cluster: ClusterClient,
	options: Partial<FollowLogsOptions> & {pod?: string; on?: (event: LogEvent, followed: Followed) => void | Promise<void>} = {},
): Promise<Followed> {
	const {pod = 'w', on, ...rest} = options;
	const followed: Followed = {text: '', events: []};
	const targets = {kind: 'pods', pods: [server.pods.get(pod)!.object]} as const;
	for await (const event of followLogs(cluster, targets, {asked: pod, containers: {kind: 'default'}, start: {}, ...rest})) {
		followed.events.push(event);
		if (event.type === 'lines') {
			followed.text += event.bytes.toString('latin1');
		}

		await on?.(event, followed);
	}

	return followed;
}

function testLog(
	title: string,
	run: (t: ExecutionContext, parts: {server: LogServer; cluster: ClusterClient; log: ContainerLog}) => Promise<void>,
): void {
	test(title, async t => {
		await withServer(async (server, cluster) => {
			await run(t, {server, cluster, log: server.addPod('w').get('app')!});
		});
	});
}

async function withServer<Result>(run: (server: LogServer, cluster: ClusterClient) => Promise<Result>): Promise<Result> {
	const server = await LogServer.start();
	const cluster = await server.cluster();
	try {
		return await run(server, cluster);
	} finally {
		cluster.close();
		await server.stop();
	}
}

function asLines(records: readonly LogRecord[]): string {
	let text = '';
	let newLine = true;
	for (const {time, text: own, partial = false} of records) {
		text += `${newLine ? `${time} ` : ''}${own}${partial ? '' : '\n'}`;
		newLine = !partial;
	}

	return text;
}

const at = (second: number, fraction: string) => `2026-11-24T14:00:0${second}.${fraction}Z`;
/** Equal timestamps, equal lines, an empty line, chunks, and content that begins like a timestamp. */
const awkward: LogRecord[] = [
	{time: at(1, '000000001'), text: 'first'},
	{time: at(1, '5'), text: 'same'},
	{time: at(1, '5'), text: 'same'},
	{time: at(1, '5'), text: 'other'},
	{time: at(1, '9'), text: 'begun ', partial: true},
	{time: at(2, '1'), text: 'and ended'},
	{time: at(2, '1'), text: ''},
	{time: at(2, '2'), text: `${at(9, '0')} no timestamp of the kubelet`},
	{time: at(2, '2'), text: 'same'},
	{time: at(2, '2'), text: 'same'},
];

const kinds = ['cut', 'end-cleanly'] as const;
const total = asLines(awkward).length;

for (const kind of kinds) {
	test(`a follow interrupted (${kind}) at any byte emits every line once, in order`, async t => {
		t.timeout(180_000);
		const positions = Array.from({length: total + 1}, (_, position) => position);
		const results = await inParallel(positions, 40, async position =>
			withServer(async (server, cluster) => {
				const log = server.addPod('w').get('app')!;
				log.append(...awkward);
				server.restartPolicy = 'Never';
				server.faults.push({kind, afterBytes: position}, {kind, afterBytes: Math.floor(position / 2)});
				log.state = 'ended';
				const {text, events} = await follow(server, cluster);
				return {
					position,
					right: text === asLines(awkward),
					gaps: events.filter(({type}) => type === 'gap').length,
					last: events.at(-1)?.type,
				};
			}),
		);
		t.deepEqual(
			results.filter(({right, gaps, last}) => !right || gaps > 0 || last !== 'ended'),
			[],
		);
	});
}

test('control: without recent lines, the same interruptions repeat or lose lines', async t => {
	const wrong = await inParallel([70, 100, 130, 170, 210], 5, async position =>
		withServer(async (server, cluster) => {
			server
				.addPod('w')
				.get('app')!
				.append(...awkward);
			server.faults.push({kind: 'cut', afterBytes: position});
			return (await resumeNaively(cluster)) !== asLines(awkward);
		}),
	);
	t.deepEqual(wrong, [true, true, true, true, true]);
});

testLog('control: without resume, the first interruption ends the follow with an error', async (t, {server, cluster, log}) => {
	log.append(...awkward);
	server.faults.push({kind: 'cut', afterBytes: 100});
	let text = '';
	const error = await t.throwsAsync(
		follow(server, cluster, {
			resume: false,
			on(event) {
				text += event.type === 'lines' ? event.bytes.toString('latin1') : '';
			},
		}),
		{code: 'ERR_STREAM_LOST'},
	);
	t.is((error as unknown as {exitStatus: number}).exitStatus, 13);
	t.true(asLines(awkward).startsWith(text) && text.length < total);
});

testLog('a follow interrupted again and again within one busy second emits every line once', async (t, {server, cluster, log}) => {
	server.restartPolicy = 'Never';
	const records = Array.from({length: 400}, (_, index): LogRecord => ({
		time: at(Math.floor(index / 150), String(Math.floor(index / 4)).padStart(9, '0')),
		text: `${index % 3}`,
	}));
	server.faults.push(...[500, 2000, 900, 4000, 3000].map(afterBytes => ({kind: 'cut', afterBytes}) as const));
	const writing = (async () => {
		for (let index = 0; index < records.length; index += 10) {
			log.append(...records.slice(index, index + 10));
			await sleep(25);
		}

		log.end();
	})();
	const {text, events} = await follow(server, cluster);
	await writing;
	t.is(text, asLines(records));
	t.deepEqual(
		events.filter(({type}) => type === 'gap'),
		[],
	);
	t.is(events.filter(({type}) => type === 'reconnecting').length, 5);
	t.true(events.filter(({type}) => type === 'resumed').length >= 2);
});

testLog('lines rotated away during an interruption are a gap, and the remaining ones are emitted', async (t, {server, cluster, log}) => {
	server.restartPolicy = 'Never';
	log.append({time: at(1, '1'), text: 'before'});
	server.faults.push({kind: 'cut', afterBytes: asLines(log.file).length});
	const followed = await follow(server, cluster, {
		on(event) {
			if (event.type === 'reconnecting') {
				log.append({time: at(1, '2'), text: 'lost with the old file'});
				log.rotate();
				log.append({time: at(1, '3'), text: 'after'});
				log.end();
			}
		},
	});
	t.is(followed.text, `${at(1, '1')} before\n${at(1, '3')} after\n`);
	const order = followed.events
		.filter(({type}) => ['gap', 'lines', 'resumed'].includes(type))
		.map(event =>
			event.type === 'gap' ? `gap ${event.reason} ${event.after}` : event.type === 'resumed' ? `resumed ${event.proven}` : event.type,
		);
	t.deepEqual(order, ['lines', `gap last-line-not-met ${at(1, '1')}`, 'lines', 'resumed false']);
});

testLog('after a rotation to an empty file, a follow resumes at the first line and reports a gap', async (t, {server, cluster, log}) => {
	server.restartPolicy = 'Never';
	log.append({time: at(1, '1'), text: 'before'});
	server.faults.push({kind: 'cut', afterBytes: asLines(log.file).length});
	const followed = await follow(server, cluster, {
		on(event, {text}) {
			if (event.type === 'reconnecting') {
				log.rotate();
			} else if (event.type === 'asking') {
				log.append({time: at(1, '3'), text: 'after'});
			} else if (text.includes('after')) {
				log.end();
			}
		},
	});
	const order = followed.events.map(event =>
		event.type === 'gap' ? `gap ${event.reason}` : event.type === 'resumed' ? `resumed ${event.proven}` : event.type,
	);
	t.deepEqual(order, ['opened', 'lines', 'reconnecting', 'asking', 'gap last-line-not-met', 'resumed false', 'lines', 'ended']);
});

testLog('without a response, a follow neither resumes nor reports a gap, however other reads fail', async (t, {server, cluster, log}) => {
	t.timeout(60_000);
	server.restartPolicy = 'Never';
	log.append(...awkward);
	server.faults.push({kind: 'cut', afterBytes: asLines(log.file).length});
	const dead = {kind: 'Status', message: 'Get "https://10.0.0.1:10250/containerLogs/demo/w/app": No agent available', code: 500};
	const isSettled = (type: LogEvent['type']) => type === 'resumed' || type === 'gap';
	const followed = await follow(server, cluster, {
		stallTimeouts: {...quickly, checkApiserverAfterMs: 60_000},
		async on(event, {events}) {
			if (event.type === 'reconnecting' && server.seen.length === 1) {
				// The next follow gets no response, and all other reads are refused.
				server.faults.push(
					{kind: 'silence'},
					...Array.from({length: 5}, () => ({kind: 'refuse', status: 500, body: JSON.stringify(dead)}) as const),
				);
				return;
			}

			if (event.type !== 'asking') {
				return;
			}

			// Twice the time that the earlier check took.
			await sleep(7000);
			t.false(events.some(({type}) => isSettled(type)));
			server.faults.length = 0;
			server.cutEverything();
			log.end();
		},
	});
	t.is(followed.text, asLines(awkward));
	t.deepEqual(
		followed.events.flatMap(event => (event.type === 'gap' ? [event.reason] : [])),
		[],
	);
	t.true(followed.events.some(event => event.type === 'resumed' && event.proven && event.foundLastLine));
});

testLog('a follow without a response is not checked for stalls', async (t, {server, cluster, log}) => {
	server.restartPolicy = 'Never';
	log.append(...awkward);
	// The second follow and its second read.
	server.faults.push({kind: 'end-cleanly', afterBytes: asLines(log.file).length}, {kind: 'silence'}, {kind: 'silence'});
	const followed = await follow(server, cluster, {
		stallTimeouts: quickly,
		async on(event) {
			if (event.type === 'asking') {
				// It follows the check for stalls, if there is one.
				await until(() => server.seen.some(({query}) => query['limitBytes'] !== undefined));
				server.cutEverything();
				log.end();
			}
		},
	});
	t.deepEqual(
		followed.events.map(({type}) => type).filter(type => type === 'checking' || type === 'checked'),
		[],
	);
	t.is(followed.text, asLines(awkward));
});

testLog('after a clean end, a missing response is reported while it lasts', async (t, {server, cluster, log}) => {
	server.restartPolicy = 'Never';
	log.append(...awkward);
	server.faults.push({kind: 'end-cleanly', afterBytes: asLines(log.file).length}, {kind: 'silence'});
	const followed = await follow(server, cluster, {
		on(event) {
			if (event.type === 'asking') {
				server.cutEverything();
				log.end();
			}
		},
	});
	const order = followed.events.map(({type}) => type);
	t.deepEqual(order.slice(0, 4), ['opened', 'lines', 'reconnecting', 'asking']);
	t.is(followed.text, asLines(awkward));
});

testLog('after a restart during an interruption, the previous instance is read to its end first', async (t, {server, cluster, log}) => {
	log.append({time: at(1, '1'), text: 'one'}, {time: at(1, '2'), text: 'two'});
	server.faults.push({kind: 'cut', afterBytes: asLines(log.file).length - 2});
	const followed = await follow(server, cluster, {
		on(event, {text}) {
			if (event.type === 'reconnecting') {
				log.append({time: at(1, '3'), text: 'last words'});
				log.end(1);
				log.restart();
				log.append({time: at(2, '1'), text: 'new instance'});
			} else if (text.includes('new instance')) {
				server.restartPolicy = 'Never';
				log.end(0);
			}
		},
	});
	t.is(followed.text, `${at(1, '1')} one\n${at(1, '2')} two\n${at(1, '3')} last words\n${at(2, '1')} new instance\n`);
	t.deepEqual(
		followed.events.filter(({type}) => type === 'gap'),
		[],
	);
	const restarted = followed.events.findIndex(({type}) => type === 'restarted');
	const newInstance = followed.events.findIndex(event => event.type === 'lines' && event.bytes.includes('new instance'));
	t.true(restarted > 0 && restarted < newInstance);
	t.deepEqual(followed.events.at(-1), {...followed.events.at(-1), type: 'ended', reason: 'container-ended'} as never);
});

testLog('a restart that the status does not show yet is found when the last line is missing', async (t, {server, cluster, log}) => {
	log.append({time: at(1, '1'), text: 'one'});
	server.faults.push({kind: 'cut', afterBytes: asLines(log.file).length});
	const stop = new AbortController();
	const followed = await follow(server, cluster, {
		signal: stop.signal,
		on(event, {text}) {
			if (event.type === 'reconnecting') {
				log.append({time: at(1, '2'), text: 'last words'});
				log.instances.push([{time: at(2, '1'), text: 'new instance'}]);
				setTimeout(() => {
					log.restarts++;
				}, 700);
			} else if (text.includes('new instance')) {
				stop.abort();
			}
		},
	});
	t.is(followed.text, `${at(1, '1')} one\n${at(1, '2')} last words\n${at(2, '1')} new instance\n`);
	t.deepEqual(
		followed.events.filter(({type}) => type === 'gap'),
		[],
	);
});

testLog('a log that already belongs to the next instance is no gap in the terminated one', async (t, {server, cluster, log}) => {
	log.append({time: at(1, '1'), text: 'one'});
	const stop = new AbortController();
	let hasEnded = false;
	const followed = await follow(server, cluster, {
		signal: stop.signal,
		on(_, {text}) {
			if (!hasEnded && text.includes('one')) {
				hasEnded = true;
				log.end(1);
				log.instances.push([{time: at(2, '1'), text: 'next instance'}]);
				setTimeout(() => {
					log.restarts++;
					log.state = 'running';
					log.wake();
				}, 700);
			} else if (text.includes('next instance')) {
				stop.abort();
			}
		},
	});
	t.is(followed.text, `${at(1, '1')} one\n${at(2, '1')} next instance\n`);
	t.deepEqual(
		followed.events.filter(({type}) => type === 'gap'),
		[],
	);
	t.true(followed.events.some(({type}) => type === 'restarted'));
});

testLog('more restarts than kept logs are a gap', async (t, {server, cluster, log}) => {
	log.append({time: at(1, '1'), text: 'one'});
	server.faults.push({kind: 'cut', afterBytes: asLines(log.file).length});
	const stop = new AbortController();
	const followed = await follow(server, cluster, {
		signal: stop.signal,
		on(event, {text}) {
			if (event.type === 'reconnecting') {
				for (const text of ['two', 'three', 'four']) {
					log.restart();
					log.append({time: at(2, '1'), text});
				}
			} else if (text.includes('four')) {
				stop.abort();
			}
		},
	});
	t.is(followed.text, `${at(1, '1')} one\n${at(2, '1')} three\n${at(2, '1')} four\n`);
	t.true(followed.events.some(event => event.type === 'gap' && event.reason === 'restarts-missed'));
});

testLog('a clean end while the container runs (a broken tunnel) does not end the follow', async (t, {server, cluster, log}) => {
	log.append(...awkward.slice(0, 4));
	server.faults.push({kind: 'end-cleanly', afterBytes: 50});
	const followed = await follow(server, cluster, {
		on(_event, {text}) {
			if (text.includes('other') && log.state === 'running') {
				log.append(...awkward.slice(4));
				server.restartPolicy = 'Never';
				log.end();
			}
		},
	});
	t.is(followed.text, asLines(awkward));
});

testLog('until container-end, a follow ends with the first instance, not with a broken tunnel', async (t, {server, cluster, log}) => {
	log.append(...awkward.slice(0, 4));
	server.faults.push({kind: 'end-cleanly', afterBytes: 50});
	const followed = await follow(server, cluster, {
		until: 'container-end',
		on(_event, {text}) {
			if (text.includes('other') && log.state === 'running') {
				log.append(...awkward.slice(4));
				log.end(3);
			}
		},
	});
	t.is(followed.text, asLines(awkward));
	t.like(followed.events.at(-1), {type: 'ended', reason: 'container-ended', ended: {exitCode: 3, reason: 'Error'}});
});

testLog('a last line without a line feed is emitted once the container has ended', async (t, {server, cluster, log}) => {
	server.restartPolicy = 'Never';
	log.append({time: at(1, '1'), text: 'whole'}, {time: at(1, '2'), text: 'no end', partial: true});
	log.end();
	t.is((await follow(server, cluster)).text, `${at(1, '1')} whole\n${at(1, '2')} no end`);
});

testLog('a container that ends in a second with more lines than spoke keeps ends without a gap', async (t, {server, cluster, log}) => {
	server.restartPolicy = 'Never';
	const pad = 'x'.repeat(60_000);
	log.append(...Array.from({length: 900}, (_, index) => ({time: at(1, String(index).padStart(9, '0')), text: `${index} ${pad}`})));
	log.end();
	const numbers: string[] = [];
	let begun = '';
	const followed = await follow(server, cluster, {
		signal: AbortSignal.timeout(120_000),
		on(_event, so) {
			const lines = (begun + so.text).split('\n');
			begun = lines.pop()!;
			numbers.push(...lines.map(line => line.split(' ', 2)[1]!));
			so.text = '';
		},
	});
	t.is(numbers.length, 900);
	t.true(numbers.every((number, index) => number === String(index)));
	t.deepEqual(
		followed.events.map(({type}) => type).filter(type => type !== 'lines'),
		['opened', 'ended'],
	);
});

testLog('an internal error while the rest of an instance is read ends the follow without a retry', async (t, {server, cluster, log}) => {
	log.append(...awkward);
	let reads = 0;
	const broken = {
		onOpened() {
			reads++;
			if (reads > 1) {
				throw new TypeError('a bug');
			}
		},
	};
	await t.throwsAsync(
		follow(server, cluster, {
			observer: broken,
			signal: AbortSignal.timeout(50_000),
			on(_event, {text}) {
				if (text.includes('other') && log.state === 'running') {
					server.restartPolicy = 'Never';
					log.end();
				}
			},
		}),
		{instanceOf: TypeError, message: 'a bug'},
	);
});

testLog('a retry waits as long as Retry-After says', async (t, {server, cluster, log}) => {
	server.restartPolicy = 'Never';
	log.append(...awkward);
	log.end();
	server.faults.push(
		{kind: 'cut', afterBytes: 50},
		{kind: 'refuse', status: 429, body: '{"kind":"Status","message":"too many"}', headers: {'retry-after': '1'}},
	);
	const {text} = await follow(server, cluster);
	t.is(text, asLines(awkward));
	t.true(server.seen[2]!.at - server.seen[1]!.at >= 1000, `${server.seen[2]!.at - server.seen[1]!.at} ms`);
});

testLog('a failure that the kubelet writes into the body is a server message, not a line', async (t, {server, cluster, log}) => {
	server.restartPolicy = 'Never';
	log.append(...awkward);
	server.faults.push({kind: 'kubelet-error', text: 'failed to create fsnotify watcher: too many open files'});
	const followed = await follow(server, cluster, {
		on(event) {
			if (event.type === 'resumed') {
				log.end();
			}
		},
	});
	t.is(followed.text, asLines(awkward));
	t.like(
		followed.events.find(({type}) => type === 'server-said'),
		{text: 'failed to create fsnotify watcher: too many open files'},
	);
});

testLog('a line interrupted in the middle is not a server message, whatever the container writes', async (t, {server, cluster, log}) => {
	server.restartPolicy = 'Never';
	const records = [
		{time: at(1, '1'), text: 'first'},
		{time: at(1, '2'), text: 'level=error err="rpc error: code = Unavailable desc = connection refused" retry=1'},
	];
	log.append(...records);
	log.end();
	server.faults.push({kind: 'cut', afterBytes: asLines(records).length - 20});
	const followed = await follow(server, cluster);
	t.is(followed.text, asLines(records));
	t.deepEqual(
		followed.events.filter(({type}) => type === 'server-said'),
		[],
	);
	t.like(
		followed.events.find(event => event.type === 'reconnecting'),
		{error: {code: 'ERR_STREAM_LOST', leg: 1}},
	);
});

testLog('a container removed by its node has a gap at its end, and one server message', async (t, {server, cluster, log}) => {
	server.restartPolicy = 'Never';
	const removed = 'unable to retrieve container logs for containerd://12';
	log.append({time: at(1, '1'), text: 'last'});
	let isCut = false;
	const followed = await follow(server, cluster, {
		on(event) {
			if (event.type === 'lines' && !isCut) {
				isCut = true;
				log.instances = [[]];
				server.faults.push(...Array.from({length: 6}, () => ({kind: 'kubelet-error' as const, text: removed})));
				log.end();
			}
		},
	});
	t.deepEqual(
		followed.events.flatMap(event => (event.type === 'gap' ? [[event.reason, event.after]] : [])),
		[['log-gone', at(1, '1')]],
	);
	t.deepEqual(
		followed.events.flatMap(event => (event.type === 'server-said' ? [event.text] : [])),
		[removed],
	);
	t.like(followed.events.at(-1), {type: 'ended', reason: 'container-ended'});
});

testLog('a last line without a line feed that reads like a kubelet failure is emitted', async (t, {server, cluster, log}) => {
	server.restartPolicy = 'Never';
	log.append(
		{time: at(1, '1'), text: 'first'},
		{time: at(1, '2'), text: 'fatal: rpc error: code = Unavailable desc = gone', partial: true},
	);
	log.end(1);
	const followed = await follow(server, cluster, {signal: AbortSignal.timeout(50_000)});
	t.is(followed.text, `${at(1, '1')} first\n${at(1, '2')} fatal: rpc error: code = Unavailable desc = gone`);
	t.like(followed.events.at(-1), {type: 'ended', reason: 'container-ended'});
});

testLog('a follow ends when its pod is gone, even if another pod has its name', async (t, {server, cluster, log}) => {
	log.append(...awkward);
	const followed = await follow(server, cluster, {
		on(event) {
			if (event.type === 'lines') {
				server.removePod('w');
				server
					.addPod('w', {uid: 'another'})
					.get('app')!
					.append({time: at(5, '0'), text: 'not ours'});
			}
		},
	});
	t.is(followed.text, asLines(awkward));
	t.like(followed.events.at(-1), {type: 'ended', reason: 'pod-gone'});
});

for (const [title, fault, gaps] of [
	['an interruption in which its pod disappears is a gap', {kind: 'cut', afterBytes: 10_000}, ['log-gone']],
	['a log that ended cleanly before its pod disappeared has no gap', {kind: 'end-cleanly', afterBytes: 10_000}, []],
] as const) {
	testLog(title, async (t, {server, cluster, log}) => {
		server.faults.push(fault);
		log.append({time: at(1, '1'), text: 'x'.repeat(9900)});
		const followed = await follow(server, cluster, {
			on(event) {
				if (event.type === 'lines' && server.pods.has('w')) {
					server.removePod('w');
					log.append({time: at(2, '1'), text: 'x'.repeat(9900)});
				}
			},
		});
		t.deepEqual(
			followed.events.flatMap(event => (event.type === 'gap' ? event.reason : [])),
			gaps,
		);
		t.like(followed.events.at(-1), {type: 'ended', reason: 'pod-gone'});
	});
}

testLog('a new instance is read from its start, also if the clock of the node was set back', async (t, {server, cluster, log}) => {
	log.append({time: '2030-01-01T00:00:00.1Z', text: 'ahead'});
	const followed = await follow(server, cluster, {
		on(event) {
			if (event.type === 'lines' && log.restarts === 0) {
				log.restart();
				log.append({time: at(1, '1'), text: 'set back'});
				server.restartPolicy = 'Never';
				log.end();
			}
		},
	});
	t.is(followed.text, `2030-01-01T00:00:00.1Z ahead\n${at(1, '1')} set back\n`);
	t.like(followed.events.at(-1), {type: 'ended', reason: 'container-ended'});
});

testLog('a follow waits for a log without lines, which sends not even headers', async (t, {server, cluster, log}) => {
	server.restartPolicy = 'Never';
	setTimeout(() => {
		log.append({time: at(1, '1'), text: 'at last'});
		log.end();
	}, 900);
	const followed = await follow(server, cluster, {stallTimeouts: quickly});
	t.is(followed.text, `${at(1, '1')} at last\n`);
	t.deepEqual(
		followed.events.filter(({type}) => type === 'stalled' || type === 'reconnecting'),
		[],
	);
});

for (const [start, gaps, title] of [
	[{tailLines: 0}, [], 'the newest lines'],
	[{sinceSeconds: 1}, [], 'the last second'],
	[{tailLines: 5}, [], 'the newest lines and those since'],
] as const) {
	for (const ends of [false, true]) {
		testLog(
			`a log interrupted before its first line continues there: ${title}${ends ? ', the container having ended meanwhile' : ''}`,
			async (t, {server, cluster, log}) => {
				server.restartPolicy = 'Never';
				log.append({time: '2026-11-24T14:00:00.1Z', text: 'long ago'});
				server.faults.push(
					{kind: 'silence'},
					{kind: 'refuse', status: 503, body: ''},
					{kind: 'refuse', status: 503, body: ''},
					{kind: 'refuse', status: 503, body: ''},
					{kind: 'refuse', status: 503, body: ''},
				);
				const cut = (async () => {
					await until(() => server.seen.length > 0);

					// After 3 s, a follow without headers is one of an empty log.
					await sleep(3300);
					log.append({time: new Date().toISOString(), text: 'meanwhile'});
					server.cutEverything();
					if (ends) {
						log.end();
					}
				})();
				const followed = await follow(server, cluster, {
					start,
					on(event) {
						if (event.type === 'lines' && !ends) {
							log.end();
						}
					},
				});
				await cut;
				t.regex(followed.text, 'tailLines' in start && start.tailLines > 0 ? /^\S+ long ago\n\S+ meanwhile\n$/ : /^\S+ meanwhile\n$/);
				t.deepEqual(
					followed.events.flatMap(event => (event.type === 'gap' ? [event.reason] : [])),
					[...gaps],
				);
				t.true(followed.events.some(({type}) => type === 'reconnecting'));
			},
		);
	}
}

testLog('a log interrupted before its first line starts again without a gap', async (t, {server, cluster, log}) => {
	server.restartPolicy = 'Never';
	log.append(...awkward);
	server.faults.push({kind: 'cut', afterBytes: 10});
	const later = {time: new Date(Date.now() + 2000).toISOString(), text: 'later'};
	const followed = await follow(server, cluster, {
		start: {tailLines: 2},
		stallTimeouts: quickly,
		signal: AbortSignal.timeout(50_000),
		on(event) {
			if (event.type === 'lines' && log.state === 'running') {
				log.append(later);
				log.end();
			}
		},
	});
	t.is(followed.text, asLines([...awkward.slice(-2), later]));
	t.deepEqual(
		followed.events.map(({type}) => type).filter(type => type !== 'lines' && type !== 'asking'),
		['opened', 'reconnecting', 'resumed', 'ended'],
	);
	t.like(
		followed.events.find(({type}) => type === 'resumed'),
		{proven: true, foundLastLine: false},
	);
});

testLog('more new lines than requested are a gap when a log is interrupted before its first line', async (t, {server, cluster, log}) => {
	server.restartPolicy = 'Never';
	log.append(...awkward);
	server.faults.push({kind: 'cut', afterBytes: 10});
	const followed = await follow(server, cluster, {
		start: {tailLines: 2},
		signal: AbortSignal.timeout(50_000),
		on(event) {
			if (event.type === 'reconnecting') {
				for (let number = 0; number < 3; number++) {
					log.append({time: new Date().toISOString(), text: `meanwhile ${number}`});
				}
			} else if (event.type === 'lines') {
				log.end();
			}
		},
	});
	t.is(followed.text, asLines(log.file.slice(-2)));
	t.deepEqual(
		followed.events.map(event => (event.type === 'gap' ? event.reason : event.type)),
		['opened', 'reconnecting', 'no-line-yet', 'resumed', 'lines', 'ended'],
	);
	t.like(
		followed.events.find(({type}) => type === 'resumed'),
		{proven: false, foundLastLine: false},
	);
});

testLog('a follow whose first connection is cut before a response fails', async (t, {server, cluster}) => {
	server.faults.push({kind: 'cut', afterBytes: 0});
	// Again and again: on a slow machine, the first time can be before the follow connects.
	const cutting = setInterval(() => {
		server.cutEverything();
	}, 500);
	t.teardown(() => {
		clearInterval(cutting);
	});
	await t.throwsAsync(follow(server, cluster), {code: 'ERR_APISERVER_UNREACHABLE'});
});

testLog('a connection that delivers no data is reported as stalled and resumed without a loss', async (t, {server, cluster, log}) => {
	server.restartPolicy = 'Never';
	log.append(...awkward.slice(0, 3));
	server.faults.push({kind: 'freeze', afterBytes: asLines(awkward.slice(0, 3)).length});
	server.readyzSilent = true;
	setTimeout(() => {
		log.append(...awkward.slice(3));
		log.end();
	}, 300);
	const followed = await follow(server, cluster, {
		stallTimeouts: quickly,
		on(event) {
			if (event.type === 'stalled') {
				server.readyzSilent = false;
			}
		},
	});
	t.is(followed.text, asLines(awkward));
	t.like(
		followed.events.find(({type}) => type === 'stalled'),
		{leg: 1},
	);
	for (const event of followed.events) {
		t.not(event.type === 'reconnecting' ? event.error?.code : undefined, 'ERR_INTERNAL');
	}
});

testLog('a stream that stalls while the log grows is replaced and resumed', async (t, {server, cluster, log}) => {
	server.restartPolicy = 'Never';
	log.append(...awkward.slice(0, 3));
	server.faults.push({kind: 'freeze', afterBytes: asLines(awkward.slice(0, 3)).length});
	setTimeout(() => {
		log.append(...awkward.slice(3));
	}, 100);
	const followed = await follow(server, cluster, {
		stallTimeouts: {...quickly, apiserverTimeoutMs: 60_000},
		on(_event, {text}) {
			if (text.length === total) {
				log.end();
			}
		},
	});
	t.is(followed.text, asLines(awkward));
	t.like(
		followed.events.find(({type}) => type === 'stalled'),
		{leg: null},
	);
});

testLog('a clock that goes back loses no line', async (t, {server, cluster, log}) => {
	server.restartPolicy = 'Never';
	const records = [
		{time: at(5, '1'), text: 'late'},
		{time: at(1, '1'), text: 'early'},
		{time: at(1, '2'), text: 'next'},
		{time: at(6, '0'), text: 'end'},
	];
	log.append(...records);
	log.end();
	server.faults.push({kind: 'cut', afterBytes: asLines(records.slice(0, 3)).length});
	t.is((await follow(server, cluster)).text, asLines(records));
});

testLog('--tail applies at the start, not on resume', async (t, {server, cluster, log}) => {
	server.restartPolicy = 'Never';
	log.append(...awkward.slice(0, 8));
	const followed = await follow(server, cluster, {
		start: {tailLines: 1},
		on(event) {
			if (event.type === 'lines' && log.file.length === 8) {
				for (let index = 0; index < 30; index++) {
					log.append({time: at(3, String(index).padStart(9, '0')), text: String(index)});
				}

				server.cutEverything();
				log.end();
			}
		},
	});
	t.is(followed.text, asLines(log.file.slice(7)));
});

testLog('a slow reader slows the server', async (t, {server, cluster, log}) => {
	server.restartPolicy = 'Never';
	log.append(...Array.from({length: 20_000}, (_, index) => ({time: at(1, String(index).padStart(9, '0')), text: 'x'.repeat(2000)})));
	log.end();
	let read = 0;
	await follow(server, cluster, {
		async on(event) {
			if (event.type === 'lines') {
				read += event.bytes.length;
				if (read < 4_000_000) {
					await sleep(20);
					t.true(server.sent - read < 16 * 1024 * 1024, `${server.sent} sent, ${read} read`);
				}
			}
		},
	});
	t.is(read, asLines(log.file).length);
});

async function resumeNaively(cluster: ClusterClient): Promise<string> {
	let text = '';
	for (let since = ''; ;) {
		const answer = await cluster.request({path: `/api/v1/namespaces/demo/pods/w/log?timestamps=true&container=app${since}`});
		try {
			for await (const chunk of answer.body) {
				text += (chunk as Buffer).toString('latin1');
			}

			return text;
		} catch {
			text = text.slice(0, text.lastIndexOf('\n') + 1);
			const [last] = text.slice(text.lastIndexOf('\n', text.length - 2) + 1).split(' ');
			since = `&sinceTime=${formatSinceTime(Math.floor(Date.parse(last!) / 1000))}`;
		}
	}
}

async function inParallel<Item, Result>(items: readonly Item[], atOnce: number, run: (item: Item) => Promise<Result>): Promise<Result[]> {
	const results: Result[] = [];
	let next = 0;
	await Promise.all(
		Array.from({length: atOnce}, async () => {
			while (next < items.length) {
				const index = next++;
				results[index] = await run(items[index]!);
			}
		}),
	);
	return results;
}

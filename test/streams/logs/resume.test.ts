import {setTimeout as sleep} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import type {ClusterClient} from '../../../source/cluster/cluster-client.ts';
import type {FollowLogsOptions} from '../../../source/streams/logs/follow-logs.ts';
import {formatSinceTime} from '../../../source/streams/logs/open-log.ts';
import type {StallTimeouts} from '../../../source/streams/logs/stall-detector.ts';
import {followServer, type OnLogEvent} from '../../support/followed-log.ts';
import {type Fault, LogServer, type LogRecord} from '../../support/log-server.ts';
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

/** The log of a pod that is not restarted. */
async function given(t: ExecutionContext, ...records: readonly LogRecord[]) {
	const server = await LogServer.start(t);
	server.restartPolicy = 'Never';
	const cluster = await server.cluster();
	const log = server.addLog('w', ...records);
	const follow = async (on?: OnLogEvent, options?: Partial<FollowLogsOptions>) => followServer(server, cluster, on, options);
	return {server, cluster, log, follow};
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

const at = (second: string) => `2026-11-24T14:00:0${second}Z`;
const line = (second: string, text: string) => ({time: at(second), text});
const nth = (index: number) => String(index).padStart(9, '0');
const cutAt = (afterBytes: number): Fault => ({kind: 'cut', afterBytes});
const cutAfter = (...records: readonly LogRecord[]): Fault => cutAt(asLines(records).length);
/** Equal timestamps, equal lines, an empty line, chunks, and content that begins like a timestamp. */
const awkward: LogRecord[] = [
	line('1.000000001', 'first'),
	line('1.5', 'same'),
	line('1.5', 'same'),
	line('1.5', 'other'),
	{...line('1.9', 'begun '), partial: true},
	line('2.1', 'and ended'),
	line('2.1', ''),
	line('2.2', `${at('9.0')} no timestamp of the kubelet`),
	line('2.2', 'same'),
	line('2.2', 'same'),
];
const total = asLines(awkward).length;
const one = line('1.1', 'one');

for (const kind of ['cut', 'end-cleanly'] as const) {
	test(`a follow interrupted (${kind}) at any byte emits every line once, in order`, async t => {
		t.timeout(180_000);
		const positions = Array.from({length: total + 1}, (_, position) => position);
		const results = await inParallel(positions, 40, async position => {
			const {server, log, follow} = await given(t, ...awkward);
			log.state = 'ended';
			server.faults.push({kind, afterBytes: position}, {kind, afterBytes: Math.floor(position / 2)});
			const {text, gaps, events} = await follow();
			await server.stop();
			return {position, right: text === asLines(awkward), gaps: gaps.length, last: events.at(-1)?.type};
		});
		t.deepEqual(
			results.filter(({right, gaps, last}) => !right || gaps > 0 || last !== 'ended'),
			[],
		);
	});
}

test('control: without recent lines, the same interruptions repeat or lose lines', async t => {
	const wrong = await inParallel([70, 100, 130, 170, 210], 5, async position => {
		const {server, cluster} = await given(t, ...awkward);
		server.faults.push(cutAt(position));
		return (await resumeNaively(cluster)) !== asLines(awkward);
	});
	t.deepEqual(wrong, [true, true, true, true, true]);
});

test('control: without resume, the first interruption ends the follow with an error', async t => {
	const {server, follow} = await given(t, ...awkward);
	server.faults.push(cutAt(100));
	let text = '';
	const error = await t.throwsAsync(
		follow((_, followed) => void (text = followed.text), {resume: false}),
		{code: 'ERR_STREAM_LOST'},
	);
	t.is((error as unknown as {exitStatus: number}).exitStatus, 13);
	t.true(asLines(awkward).startsWith(text) && text.length < total);
});

test('a follow interrupted again and again within one busy second emits every line once', async t => {
	const {server, log, follow} = await given(t);
	const records = Array.from({length: 400}, (_, index) => line(`${Math.floor(index / 150)}.${nth(Math.floor(index / 4))}`, `${index % 3}`));
	server.faults.push(...[500, 2000, 900, 4000, 3000].map(bytes => cutAt(bytes)));
	const writing = (async () => {
		for (let index = 0; index < records.length; index += 10) {
			log.append(...records.slice(index, index + 10));
			await sleep(25);
		}

		log.end();
	})();
	const followed = await follow();
	await writing;
	t.is(followed.text, asLines(records));
	t.deepEqual(followed.gaps, []);
	t.is(followed.of('reconnecting').length, 5);
	t.true(followed.of('resumed').length >= 2);
});

test('lines rotated away during an interruption are a gap, and the remaining ones are emitted', async t => {
	const {server, log, follow} = await given(t, one);
	server.faults.push(cutAfter(one));
	const followed = await follow(({type}) => {
		if (type === 'reconnecting') {
			log.append(line('1.2', 'lost with the old file'));
			log.rotate();
			log.append(line('1.3', 'after'));
			log.end();
		}
	});
	t.is(followed.text, asLines([one, line('1.3', 'after')]));
	t.is(followed.of('gap')[0]?.after, one.time);
	const shown = /^(?:gap|lines|resumed)/;
	t.deepEqual(
		followed.story.filter(step => shown.test(step)),
		['lines', 'gap last-line-not-met', 'lines', 'resumed false'],
	);
});

test('after a rotation to an empty file, a follow resumes at the first line and reports a gap', async t => {
	const {server, log, follow} = await given(t, one);
	server.faults.push(cutAfter(one));
	const {story} = await follow(({type}, {text}) => {
		if (type === 'reconnecting') {
			log.rotate();
		} else if (type === 'asking') {
			log.append(line('1.3', 'after'));
		} else if (text.includes('after')) {
			log.end();
		}
	});
	t.deepEqual(story, ['opened', 'lines', 'reconnecting', 'asking', 'gap last-line-not-met', 'resumed false', 'lines', 'ended']);
});

test('without a response, a follow neither resumes nor reports a gap, however other reads fail', async t => {
	t.timeout(60_000);
	const {server, log, follow} = await given(t, ...awkward);
	server.faults.push(cutAfter(...awkward));
	const dead = {kind: 'Status', message: 'Get "https://10.0.0.1:10250/containerLogs/demo/w/app": No agent available', code: 500};
	const refused: Fault = {kind: 'refuse', status: 500, body: JSON.stringify(dead)};
	const followed = await follow(
		async ({type}, {story}) => {
			if (type === 'reconnecting' && server.seen.length === 1) {
				// The next follow gets no response, and all other reads are refused.
				server.faults.push({kind: 'silence'}, ...Array.from({length: 5}, () => refused));
			} else if (type === 'asking') {
				// Twice the time that the earlier check took.
				await sleep(7000);
				t.notRegex(story.join(' '), /resumed|gap/);
				server.faults.length = 0;
				server.cutEverything();
				log.end();
			}
		},
		{stallTimeouts: {...quickly, checkApiserverAfterMs: 60_000}},
	);
	t.is(followed.text, asLines(awkward));
	t.deepEqual(followed.gaps, []);
	t.true(followed.of('resumed').some(({proven, foundLastLine}) => proven && foundLastLine));
});

test('a follow without a response is not checked for stalls', async t => {
	const {server, log, follow} = await given(t, ...awkward);
	// The second follow and its second read.
	server.faults.push({kind: 'end-cleanly', afterBytes: total}, {kind: 'silence'}, {kind: 'silence'});
	const {text, story} = await follow(
		async ({type}) => {
			if (type === 'asking') {
				// It follows the check for stalls, if there is one.
				await until(() => server.seen.some(({query}) => query['limitBytes'] !== undefined));
				server.cutEverything();
				log.end();
			}
		},
		{stallTimeouts: quickly},
	);
	t.notRegex(story.join(' '), /check/);
	t.is(text, asLines(awkward));
});

test('after a clean end, a missing response is reported while it lasts', async t => {
	const {server, log, follow} = await given(t, ...awkward);
	server.faults.push({kind: 'end-cleanly', afterBytes: total}, {kind: 'silence'});
	const {text, story} = await follow(({type}) => {
		if (type === 'asking') {
			server.cutEverything();
			log.end();
		}
	});
	t.deepEqual(story.slice(0, 4), ['opened', 'lines', 'reconnecting', 'asking']);
	t.is(text, asLines(awkward));
});

test('after a restart during an interruption, the previous instance is read to its end first', async t => {
	const [two, last, fresh] = [line('1.2', 'two'), line('1.3', 'last words'), line('2.1', 'new instance')];
	const {server, log, follow} = await given(t, one, two);
	server.restartPolicy = 'Always';
	server.faults.push(cutAt(asLines([one, two]).length - 2));
	const followed = await follow(({type}, {text}) => {
		if (type === 'reconnecting') {
			log.append(last);
			log.end(1);
			log.restart();
			log.append(fresh);
		} else if (text.includes('new instance')) {
			server.restartPolicy = 'Never';
			log.end(0);
		}
	});
	t.is(followed.text, asLines([one, two, last, fresh]));
	t.deepEqual(followed.gaps, []);
	const restarted = followed.story.indexOf('restarted');
	const newInstance = followed.events.findIndex(event => event.type === 'lines' && event.bytes.includes('new instance'));
	t.true(restarted > 0 && restarted < newInstance);
	t.like(followed.events.at(-1), {type: 'ended', reason: 'container-ended'});
});

test('a restart that the status does not show yet is found when the last line is missing', async t => {
	const [last, fresh] = [line('1.2', 'last words'), line('2.1', 'new instance')];
	const {server, log, follow} = await given(t, one);
	server.restartPolicy = 'Always';
	server.faults.push(cutAfter(one));
	const {text, gaps} = await follow(({type}, {text}) => {
		if (type === 'reconnecting') {
			log.append(last);
			log.instances.push([fresh]);
			setTimeout(() => {
				log.restarts++;
			}, 700);
		}

		return text.includes('new instance');
	});
	t.is(text, asLines([one, last, fresh]));
	t.deepEqual(gaps, []);
});

test('a log that already belongs to the next instance is no gap in the terminated one', async t => {
	const fresh = line('2.1', 'next instance');
	const {server, log, follow} = await given(t, one);
	server.restartPolicy = 'Always';
	const {text, gaps, story} = await follow((_, {text}) => {
		if (log.instances.length === 1 && text.includes('one')) {
			log.end(1);
			log.instances.push([fresh]);
			setTimeout(() => {
				log.restarts++;
				log.state = 'running';
				log.wake();
			}, 700);
		}

		return text.includes('next instance');
	});
	t.is(text, asLines([one, fresh]));
	t.deepEqual(gaps, []);
	t.true(story.includes('restarted'));
});

test('more restarts than kept logs are a gap', async t => {
	const {server, log, follow} = await given(t, one);
	server.restartPolicy = 'Always';
	server.faults.push(cutAfter(one));
	const {text, gaps} = await follow(({type}, {text}) => {
		for (const name of type === 'reconnecting' ? ['two', 'three', 'four'] : []) {
			log.restart();
			log.append(line('2.1', name));
		}

		return text.includes('four');
	});
	t.is(text, asLines([one, line('2.1', 'three'), line('2.1', 'four')]));
	t.true(gaps.includes('restarts-missed'));
});

for (const [title, restartPolicy, options] of [
	['a clean end while the container runs (a broken tunnel) does not end the follow', 'Never', {}],
	['until container-end, a follow ends with the first instance, not with a broken tunnel', 'Always', {until: 'container-end'}],
] as const) {
	test(title, async t => {
		const {server, log, follow} = await given(t, ...awkward.slice(0, 4));
		server.restartPolicy = restartPolicy;
		server.faults.push({kind: 'end-cleanly', afterBytes: 50});
		const followed = await follow((_, {text}) => {
			if (text.includes('other') && log.state === 'running') {
				log.append(...awkward.slice(4));
				log.end(3);
			}
		}, options);
		t.is(followed.text, asLines(awkward));
		t.like(followed.events.at(-1), {type: 'ended', reason: 'container-ended', ended: {exitCode: 3, reason: 'Error'}});
	});
}

const quoted = line('1.2', 'level=error err="rpc error: code = Unavailable desc = connection refused" retry=1');
const backwards = [line('5.1', 'late'), line('1.1', 'early'), line('1.2', 'next'), line('6.0', 'end')];

for (const [title, records, said, ...faults] of [
	['a last line without a line feed is emitted once the container has ended', [one, {...line('1.2', 'no end'), partial: true}], []],
	[
		'a last line without a line feed that reads like a kubelet failure is emitted, too',
		[one, {...line('1.2', 'fatal: rpc error: code = Unavailable desc = gone'), partial: true}],
		['rpc error: code = Unavailable desc = gone'],
	],
	['a clock that goes back loses no line', backwards, [], cutAfter(...backwards.slice(0, 3))],
	[
		'a line interrupted in the middle is not a server message, whatever the container writes',
		[one, quoted],
		[],
		cutAt(asLines([one, quoted]).length - 20),
	],
] as Array<[string, LogRecord[], string[], ...Fault[]]>) {
	test(title, async t => {
		const {server, log, follow} = await given(t, ...records);
		log.end(1);
		server.faults.push(...faults);
		const followed = await follow();
		t.is(followed.text, asLines(records));
		t.deepEqual(
			followed.of('server-said').map(({text}) => text),
			said,
		);
		const reconnects = followed.of('reconnecting').map(({error}) => [error?.code, error?.leg]);
		t.deepEqual(reconnects, [...said.map(() => ['ERR_SECOND_LEG', 2]), ...faults.map(() => ['ERR_STREAM_LOST', 1])]);
		t.like(followed.events.at(-1), {type: 'ended', reason: 'container-ended'});
	});
}

test('a container that ends in a second with more lines than spoke keeps ends without a gap', async t => {
	const pad = 'x'.repeat(60_000);
	const {log, follow} = await given(t, ...Array.from({length: 900}, (_, index) => line(`1.${nth(index)}`, `${index} ${pad}`)));
	log.end();
	const numbers: string[] = [];
	let begun = '';
	const {story} = await follow((_, so) => {
		const lines = (begun + so.text).split('\n');
		begun = lines.pop()!;
		numbers.push(...lines.map(line => line.split(' ', 2)[1]!));
		so.text = '';
	});
	t.is(numbers.length, 900);
	t.true(numbers.every((number, index) => number === String(index)));
	t.deepEqual(
		story.filter(type => type !== 'lines'),
		['opened', 'ended'],
	);
});

test('an internal error while the rest of an instance is read ends the follow without a retry', async t => {
	const {log, follow} = await given(t, ...awkward);
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
		follow(
			(_, {text}) => {
				if (text.includes('other') && log.state === 'running') {
					log.end();
				}
			},
			{observer: broken},
		),
		{instanceOf: TypeError, message: 'a bug'},
	);
});

test('a retry waits as long as Retry-After says', async t => {
	const {server, log, follow} = await given(t, ...awkward);
	log.end();
	server.faults.push(cutAt(50), {
		kind: 'refuse',
		status: 429,
		body: '{"kind":"Status","message":"too many"}',
		headers: {'retry-after': '1'},
	});
	t.is((await follow()).text, asLines(awkward));
	t.true(server.seen[2]!.at - server.seen[1]!.at >= 1000, `${server.seen[2]!.at - server.seen[1]!.at} ms`);
});

test('a failure that the kubelet writes into the body is a server message, not a line', async t => {
	const {server, log, follow} = await given(t, ...awkward);
	const failure = 'failed to create fsnotify watcher: too many open files';
	server.faults.push({kind: 'kubelet-error', text: failure});
	const followed = await follow(({type}) => {
		if (type === 'resumed') {
			log.end();
		}
	});
	t.is(followed.text, asLines(awkward));
	t.is(followed.of('server-said')[0]?.text, failure);
});

test('a container removed by its node has a gap at its end, and one server message', async t => {
	const {server, log, follow} = await given(t, one);
	const removed = 'unable to retrieve container logs for containerd://12';
	const followed = await follow(({type}) => {
		if (type === 'lines' && log.file.length > 0) {
			log.instances = [[]];
			server.faults.push(...Array.from({length: 6}, () => ({kind: 'kubelet-error' as const, text: removed})));
			log.end();
		}
	});
	t.deepEqual(
		followed.of('gap').map(({reason, after}) => [reason, after]),
		[['log-gone', one.time]],
	);
	t.deepEqual(
		followed.of('server-said').map(({text}) => text),
		[removed],
	);
	t.like(followed.events.at(-1), {type: 'ended', reason: 'container-ended'});
});

test('a follow ends when its pod is gone, even if another pod has its name', async t => {
	const {server, follow} = await given(t, ...awkward);
	const followed = await follow(({type}) => {
		if (type === 'lines') {
			server.removePod('w');
			server.addPod('w', {uid: 'another'}).get('app')!.append(line('5.0', 'not ours'));
		}
	});
	t.is(followed.text, asLines(awkward));
	t.like(followed.events.at(-1), {type: 'ended', reason: 'pod-gone'});
});

for (const [title, kind, expected] of [
	['an interruption in which its pod disappears is a gap', 'cut', ['log-gone']],
	['a log that ended cleanly before its pod disappeared has no gap', 'end-cleanly', []],
] as const) {
	test(title, async t => {
		const {server, log, follow} = await given(t, line('1.1', 'x'.repeat(9900)));
		server.faults.push({kind, afterBytes: 10_000});
		const {gaps, events} = await follow(({type}) => {
			if (type === 'lines' && server.pods.has('w')) {
				server.removePod('w');
				log.append(line('2.1', 'x'.repeat(9900)));
			}
		});
		t.deepEqual(gaps, [...expected]);
		t.like(events.at(-1), {type: 'ended', reason: 'pod-gone'});
	});
}

test('a new instance is read from its start, also if the clock of the node was set back', async t => {
	const [ahead, back] = [{time: '2030-01-01T00:00:00.1Z', text: 'ahead'}, line('1.1', 'set back')];
	const {server, log, follow} = await given(t, ahead);
	server.restartPolicy = 'Always';
	const {text, events} = await follow(({type}) => {
		if (type === 'lines' && log.restarts === 0) {
			log.restart();
			log.append(back);
			server.restartPolicy = 'Never';
			log.end();
		}
	});
	t.is(text, asLines([ahead, back]));
	t.like(events.at(-1), {type: 'ended', reason: 'container-ended'});
});

test('a follow waits for a log without lines, which sends not even headers', async t => {
	const {log, follow} = await given(t);
	setTimeout(() => {
		log.append(line('1.1', 'at last'));
		log.end();
	}, 900);
	const {text, story} = await follow(undefined, {stallTimeouts: quickly});
	t.is(text, asLines([line('1.1', 'at last')]));
	t.notRegex(story.join(' '), /stalled|reconnecting/);
});

for (const [start, expected, title] of [
	[{tailLines: 0}, /^\S+ meanwhile\n$/, 'the newest lines'],
	[{sinceSeconds: 1}, /^\S+ meanwhile\n$/, 'the last second'],
	[{tailLines: 5}, /^\S+ long ago\n\S+ meanwhile\n$/, 'the newest lines and those since'],
] as const) {
	for (const ends of [false, true]) {
		test(`a log interrupted before its first line continues there: ${title}${ends ? ', the container having ended meanwhile' : ''}`, async t => {
			const {server, log, follow} = await given(t, line('0.1', 'long ago'));
			server.faults.push({kind: 'silence'}, ...Array.from({length: 4}, () => ({kind: 'refuse', status: 503, body: ''}) as const));
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
			const {text, gaps, story} = await follow(
				({type}) => {
					if (type === 'lines' && !ends) {
						log.end();
					}
				},
				{start},
			);
			await cut;
			t.regex(text, expected);
			t.deepEqual(gaps, []);
			t.true(story.includes('reconnecting'));
		});
	}
}

test('a log interrupted before its first line starts again without a gap', async t => {
	const {server, log, follow} = await given(t, ...awkward);
	server.faults.push(cutAt(10));
	const later = {time: new Date(Date.now() + 2000).toISOString(), text: 'later'};
	const followed = await follow(
		({type}) => {
			if (type === 'lines' && log.state === 'running') {
				log.append(later);
				log.end();
			}
		},
		{start: {tailLines: 2}, stallTimeouts: quickly},
	);
	t.is(followed.text, asLines([...awkward.slice(-2), later]));
	t.deepEqual(
		followed.story.filter(step => step !== 'lines' && step !== 'asking'),
		['opened', 'reconnecting', 'resumed true', 'ended'],
	);
	t.false(followed.of('resumed')[0]!.foundLastLine);
});

test('more new lines than requested are a gap when a log is interrupted before its first line', async t => {
	const {server, log, follow} = await given(t, ...awkward);
	server.faults.push(cutAt(10));
	const followed = await follow(
		({type}) => {
			if (type === 'reconnecting') {
				log.append(...[0, 1, 2].map(number => ({time: new Date().toISOString(), text: `meanwhile ${number}`})));
			} else if (type === 'lines') {
				log.end();
			}
		},
		{start: {tailLines: 2}},
	);
	t.is(followed.text, asLines(log.file.slice(-2)));
	t.deepEqual(followed.story, ['opened', 'reconnecting', 'gap no-line-yet', 'resumed false', 'lines', 'ended']);
	t.false(followed.of('resumed')[0]!.foundLastLine);
});

test('a follow whose first connection is cut before a response fails', async t => {
	const {server, follow} = await given(t);
	server.faults.push(cutAt(0));
	// Again and again: on a slow machine, the first time can be before the follow connects.
	const cutting = setInterval(() => {
		server.cutEverything();
	}, 500);
	t.teardown(() => {
		clearInterval(cutting);
	});
	await t.throwsAsync(follow(), {code: 'ERR_APISERVER_UNREACHABLE'});
});

for (const [title, isReadyzSilent, stallTimeouts, leg] of [
	['a connection that delivers no data is reported as stalled and resumed without a loss', true, quickly, 1],
	['a stream that stalls while the log grows is replaced and resumed', false, {...quickly, apiserverTimeoutMs: 60_000}, null],
] as const) {
	test(title, async t => {
		const {server, log, follow} = await given(t, ...awkward.slice(0, 3));
		server.faults.push({kind: 'freeze', afterBytes: asLines(awkward.slice(0, 3)).length});
		server.readyzSilent = isReadyzSilent;
		setTimeout(() => log.append(...awkward.slice(3)), 100);
		const followed = await follow(
			({type}, {text}) => {
				server.readyzSilent &&= type !== 'stalled';
				if (text.length === total && log.state === 'running') {
					log.end();
				}
			},
			{stallTimeouts},
		);
		t.is(followed.text, asLines(awkward));
		t.is(followed.of('stalled')[0]?.leg, leg);
		t.false(followed.of('reconnecting').some(({error}) => error?.code === 'ERR_INTERNAL'));
	});
}

test('--tail applies at the start, not on resume', async t => {
	const {server, log, follow} = await given(t, ...awkward.slice(0, 8));
	const {text} = await follow(
		({type}) => {
			if (type === 'lines' && log.file.length === 8) {
				log.append(...Array.from({length: 30}, (_, index) => line(`3.${nth(index)}`, String(index))));
				server.cutEverything();
				log.end();
			}
		},
		{start: {tailLines: 1}},
	);
	t.is(text, asLines(log.file.slice(7)));
});

test('a slow reader slows the server', async t => {
	const {server, log, follow} = await given(t, ...Array.from({length: 20_000}, (_, index) => line(`1.${nth(index)}`, 'x'.repeat(2000))));
	log.end();
	let read = 0;
	await follow(async event => {
		if (event.type === 'lines') {
			read += event.bytes.length;
			if (read < 4_000_000) {
				await sleep(20);
				t.true(server.sent - read < 16 * 1024 * 1024, `${server.sent} sent, ${read} read`);
			}
		}
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

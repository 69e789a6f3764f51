import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {followLogs, type FollowLogsOptions} from '../../../source/streams/logs/follow-logs.ts';
import type {LogEvent} from '../../../source/streams/logs/log-events.ts';
import {defaultStallTimeouts} from '../../../source/streams/logs/stall-detector.ts';
import {type ContainerLog, type Fault, LogServer} from '../../support/log-server.ts';
import {until} from '../../support/until.ts';

const line = (second: number, text: string) => ({time: `2026-11-24T14:00:${String(second).padStart(2, '0')}.000000001Z`, text});

/** `texts`: of each pod's lines. `events`: pod and type of all other events of a log. */
type Followed = {
	server: LogServer;
	logs: readonly ContainerLog[];
	texts: Map<string, string[]>;
	events: string[];
	append(second: number): void;
	all(text: string): boolean;
};

async function follow(
	t: ExecutionContext,
	pods: number,
	options: Partial<FollowLogsOptions> = {},
	faults: readonly Fault[] = [],
): Promise<Followed> {
	const server = await LogServer.start(t, {http2: true});
	server.faults.push(...faults);
	const cluster = await server.cluster();
	const stop = new AbortController();
	const names = Array.from({length: pods}, (_, index) => `web-${index}`);
	const logs = names.map(name => server.addPod(name).get('app')!);
	const texts = new Map<string, string[]>(names.map(name => [name, []]));
	const events: string[] = [];
	for (const log of logs) {
		log.append(line(1, 'text-1'));
	}

	const record = (event: LogEvent) => {
		if (event.type === 'lines') {
			const seen = texts.get(event.source.pod) ?? [];
			texts.set(event.source.pod, seen);
			seen.push(...(event.bytes.toString().match(/text-\d+/g) ?? []));
		} else if ('source' in event) {
			events.push(`${event.source.pod} ${event.type}`);
		}
	};

	const following = (async () => {
		for await (const event of followLogs(
			cluster,
			{kind: 'scope', scope: {namespace: 'demo', labelSelector: 'app=web'}, canAppear: async () => true},
			{asked: 'app=web', containers: {kind: 'default'}, start: {}, signal: stop.signal, ...options},
		)) {
			record(event);
		}
	})();
	t.teardown(async () => {
		stop.abort();
		await following;
	});
	const all = (text: string) => [...texts.values()].every(seen => seen.includes(text));
	await until(() => all('text-1'));
	return {
		server,
		logs,
		texts,
		events,
		append(second) {
			for (const log of logs) {
				log.append(line(second, `text-${second}`));
			}
		},
		all,
	};
}

test('twelve logs on one connection have no gap and no duplicate when it is lost', async t => {
	const {server, texts, append, all, events} = await follow(t, 12);
	t.is(server.openFollows, 12);
	t.is(new Set(followPorts(server)).size, 1);
	server.cutEverything();
	append(2);
	await until(() => all('text-2'));
	append(3);
	await until(() => all('text-3'));
	for (const seen of texts.values()) {
		t.deepEqual(seen, ['text-1', 'text-2', 'text-3']);
	}

	t.is(events.filter(event => event.endsWith(' resumed')).length, 12);
	t.false(events.some(event => event.endsWith(' gap')));
});

test('a log that begins or ends interrupts no other one while lines arrive', async t => {
	const {server, logs, texts, events} = await follow(t, 8);
	let count = 1;
	const writing = setInterval(() => {
		count++;
		for (const log of logs) {
			log.append({time: new Date(Date.UTC(2026, 10, 24, 14) + count * 1000).toISOString().replace('Z', '000001Z'), text: `text-${count}`});
		}
	}, 3);
	// Reads are paused only some time after the last request.
	for (const name of ['web-later', 'web-last']) {
		await delay(1300);
		server.addPod(name).get('app')!.append(line(1, 'text-1'));
		await until(() => texts.has(name));
	}

	await delay(1300);
	server.removePod('web-later');
	await until(() => events.includes('web-later ended'));
	clearInterval(writing);
	const written = Array.from({length: count}, (_, index) => `text-${index + 1}`);
	await until(() => logs.every((_, index) => texts.get(`web-${index}`)!.length >= written.length));
	t.deepEqual(
		logs.map((_, index) => texts.get(`web-${index}`)),
		logs.map(() => written),
	);
	t.deepEqual(
		events.filter(event => !/ (?:opened|ended)$/.test(event)),
		[],
	);
	t.is(new Set(followPorts(server)).size, 1);
});

test('four logs use four connections', async t => {
	const {server} = await follow(t, 4);
	t.is(new Set(followPorts(server)).size, 4);
});

test('a log that stalls reconnects on another connection, and the others keep theirs', async t => {
	const stallTimeouts = {...defaultStallTimeouts, checkApiserverAfterMs: 100, secondReadAfterMs: 150, deliveryTimeoutMs: 50};
	const firstLine = line(1, 'text-1\n');
	const freeze = {kind: 'freeze', afterBytes: `${firstLine.time} ${firstLine.text}`.length} as const;
	const {server, texts, events, append, all} = await follow(t, 6, {stallTimeouts}, [freeze]);
	t.is(server.openFollows, 6);
	append(2);
	await until(() => all('text-2'));
	const {pod} = server.seen[0]!;
	t.deepEqual(texts.get(pod), ['text-1', 'text-2']);
	t.deepEqual(
		events.filter(event => /stalled|reconnecting|resumed/.test(event)),
		[`${pod} stalled`, `${pod} reconnecting`, `${pod} resumed`],
	);
	t.is(new Set(followPorts(server).slice(0, 6)).size, 1);
	t.is(followPorts(server).length, 7);
	t.is(new Set(followPorts(server)).size, 2);
});

test('logs that the server did not process begin on another connection', async t => {
	const {server, events, all} = await follow(t, 6, {}, [{kind: 'refuse-stream'}, {kind: 'refuse-stream'}]);
	t.true(all('text-1'));
	t.false(events.some(event => / (?:failed|reconnecting)$/.test(event)));
	t.is(followPorts(server).length, 8);
});

/** Of the clients that sent the follow requests, in their order. */
function followPorts({seen}: LogServer): ReadonlyArray<number | undefined> {
	return seen.filter(({query}) => query['follow'] === 'true').map(({port}) => port);
}

import {setTimeout as sleep} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {SpokeError} from '../../../source/errors/spoke-error.ts';
import {setStreamGate} from '../../../source/streams/stream-gate.ts';
import {followLogs, type FollowLogsOptions} from '../../../source/streams/logs/follow-logs.ts';
import type {ConnectionObserver} from '../../../source/streams/connection-observer.ts';
import type {LogEvent} from '../../../source/streams/logs/log-events.ts';
import {LogServer} from '../../support/log-server.ts';
import {until} from '../../support/until.ts';

const line = (second: number, text: string) => ({time: `2026-11-24T14:00:${String(second).padStart(2, '0')}.000000001Z`, text});
const scope = {namespace: 'demo', labelSelector: 'app=web'};
const brokenLeg = 'Get "https://10.0.0.1:10250/containerLogs/demo/new/app?follow=true": EOF';

test('new pods are followed from their first line, and the log of a deleted pod is complete', async t => {
	const server = await LogServer.start();
	const cluster = await server.cluster();
	const stop = new AbortController();
	server.addPod('old').get('app')!.append(line(1, 'old 1'), line(2, 'old 2'));
	const texts: string[] = [];
	for await (const event of followLogs(
		cluster,
		{kind: 'scope', scope, canAppear: async () => true},
		{asked: 'deploy/web', containers: {kind: 'default'}, start: {tailLines: 1}, signal: stop.signal},
	)) {
		if (event.type !== 'lines') {
			continue;
		}

		texts.push(`${event.source.pod}: ${event.bytes.toString().split(' ').slice(1).join(' ').trim()}`);
		if (texts.length === 1) {
			server.addPod('new').get('app')!.append(line(3, 'new 1'));
			server.pods.get('old')!.containers.get('app')!.append(line(4, 'old 3'));
			await sleep(50);
			server.pods.get('old')!.containers.get('app')!.append(line(5, 'old last'));
			server.removePod('old');
		}

		if (texts.some(text => text.includes('new 1')) && texts.join(' ').includes('old last')) {
			stop.abort();
		}
	}

	t.deepEqual(
		texts
			.filter(text => text.startsWith('old'))
			.join('|')
			.match(/old \w+/g)
			?.filter(text => text !== 'old')
			.filter(text => /\d|last/.test(text)),
		['old 2', 'old 3', 'old last'],
	);
	t.true(texts.includes('new: new 1'));
	t.deepEqual(
		server.seen.filter(({pod}) => pod === 'new').map(({query}) => query['tailLines']),
		[undefined],
		'read once, and whole',
	);
	cluster.close();
	await server.stop();
});

for (const [title, status, message, expected] of [
	['is read again when its first read is lost at leg 2', 500, brokenLeg, ['reconnecting', 'opened', 'lines']],
	['fails when its first read is refused', 403, 'pods "new" is forbidden', ['failed']],
] as const) {
	test(`a pod that appears later ${title}`, async t => {
		const {server, cluster, stop} = await startServer(t);
		server.addPod('old').get('app')!.append(line(1, 'old 1'));
		const events: string[] = [];
		for await (const event of followLogs(
			cluster,
			{kind: 'scope', scope, canAppear: async () => true},
			{asked: 'deploy/web', containers: {kind: 'default'}, start: {}, signal: stop.signal},
		)) {
			if (event.type === 'lines' && event.source.pod === 'old') {
				server.faults.push({kind: 'refuse', status, body: JSON.stringify({kind: 'Status', message})});
				server.addPod('new').get('app')!.append(line(2, 'new 1'));
			} else if ('source' in event && event.source.pod === 'new' && ['reconnecting', 'opened', 'lines', 'failed'].includes(event.type)) {
				events.push(event.type);
			}

			if (['lines', 'failed'].includes(events.at(-1)!)) {
				stop.abort();
			}
		}

		t.deepEqual(events, [...expected]);
	});
}

test('a log whose first read is cut is read again when another log was opened before', async t => {
	const {server, cluster, stop} = await startServer(t);
	server.addPod('one').get('app')!.append(line(1, 'one 1'));
	server.addPod('two').get('app')!.append(line(2, 'two 1'));
	server.faults.push(null, {kind: 'silence'});
	const printed = new Set<string>();
	for await (const event of followLogs(
		cluster,
		{kind: 'scope', scope, canAppear: async () => true},
		{asked: 'deploy/web', containers: {kind: 'default'}, start: {}, signal: stop.signal},
	)) {
		t.not(event.type, 'failed');
		if (event.type === 'lines') {
			printed.add(event.source.pod);
			if (printed.size === 1) {
				await until(() => server.seen.length === 2);
				server.cutEverything();
			} else if (printed.size === 2) {
				stop.abort();
			}
		}

		if (event.type === 'failed') {
			stop.abort();
		}
	}

	t.deepEqual([...printed].toSorted(), ['one', 'two']);
});

test('a log whose first read fails on leg 2 ends although another log is open', async t => {
	const {server, cluster, stop} = await startServer(t);
	server.addPod('one').get('app')!.append(line(1, 'one 1'));
	const late = server.addPod('two').get('app')!;
	late.state = 'waiting';
	const events: string[] = [];
	for await (const event of followLogs(
		cluster,
		{kind: 'pods', pods: [...server.pods.values()].map(({object}) => object)},
		{asked: 'one two', containers: {kind: 'default'}, start: {}, signal: stop.signal},
	)) {
		if (event.type === 'lines') {
			server.faults.push({kind: 'refuse', status: 500, body: JSON.stringify({kind: 'Status', message: brokenLeg})});
			late.state = 'running';
		} else if ('source' in event && event.source.pod === 'two') {
			events.push(event.type);
		}

		if (['reconnecting', 'failed'].includes(events.at(-1) ?? '')) {
			stop.abort();
		}
	}

	t.deepEqual(events, ['waiting', 'failed']);
});

test('a pod that appears later is not read again when a requirement refuses its connection', async t => {
	const {server, cluster, stop} = await startServer(t);
	setStreamGate(cluster, async (_connection, {target}) => {
		if (target.name === 'new') {
			throw new SpokeError('ERR_REQUIRE_NOT_MET', 'requirement not met');
		}
	});
	server.addPod('old').get('app')!.append(line(1, 'old 1'));
	const events: string[] = [];
	for await (const event of followLogs(
		cluster,
		{kind: 'scope', scope, canAppear: async () => true},
		{asked: 'deploy/web', containers: {kind: 'default'}, start: {}, signal: stop.signal},
	)) {
		if (event.type === 'lines') {
			server.addPod('new').get('app')!.append(line(2, 'new 1'));
		} else if ('source' in event && event.source.pod === 'new') {
			events.push(event.type);
			stop.abort();
		}
	}

	t.deepEqual(events, ['failed']);
	t.false(
		server.seen.some(({pod}) => pod === 'new'),
		'nothing was sent',
	);
});

test('the node of a pod that is scheduled later appears in its lines and its path', async t => {
	const server = await LogServer.start();
	const cluster = await server.cluster();
	const stop = new AbortController();
	const log = server.addPod('new').get('app')!;
	const {object} = server.pods.get('new')!;
	const scheduled = {...object, spec: {...object.spec}};
	delete object.spec.nodeName;
	log.state = 'waiting';
	const nodes: string[] = [];
	const observer: ConnectionObserver = {
		async beforeUse(_, {target}) {
			nodes.push(`asked of ${target.node}`);
		},
	};
	for await (const event of followLogs(
		cluster,
		{kind: 'scope', scope, canAppear: async () => true},
		{asked: 'deploy/web', containers: {kind: 'default'}, start: {}, observer, signal: stop.signal},
	)) {
		if (event.type === 'waiting') {
			nodes.push(`waits on ${event.source.node}`);
			server.pods.get('new')!.object = scheduled;
			log.append(line(1, 'new 1'));
			log.state = 'running';
		} else if (event.type === 'lines') {
			nodes.push(`lines of ${event.source.node}`);
			stop.abort();
		}
	}

	t.deepEqual(nodes, ['waits on null', 'asked of n1', 'lines of n1']);
	cluster.close();
	await server.stop();
});

test('following ends only when no pods are left and none can appear', async t => {
	const server = await LogServer.start();
	const cluster = await server.cluster();
	server.restartPolicy = 'Never';
	for (const name of ['a', 'b']) {
		const log = server.addPod(name, {owner: 'Job'}).get('app')!;
		log.append(line(1, name));
		log.end();
	}

	const asked: string[] = [];
	const events: LogEvent[] = await Array.fromAsync(
		followLogs(
			cluster,
			{
				kind: 'scope',
				scope,
				async canAppear(controllers) {
					asked.push(controllers.map(one => one?.kind).join(','));
					return false;
				},
			},
			{asked: 'job/x', containers: {kind: 'default'}, start: {}},
		),
	);

	t.deepEqual(asked, ['Job']);
	t.is(events.filter(({type}) => type === 'ended').length, 2);
	cluster.close();
	await server.stop();
});

test('a follow does not end before it has followed a pod that the watch has not shown', async t => {
	const {server, cluster} = await startServer(t);
	server.restartPolicy = 'Never';
	const finish = (name: string, uid?: string) => {
		const log = server.addPod(name, {owner: 'Job', ...(uid !== undefined && {uid})}).get('app')!;
		log.append(line(1, name));
		log.end();
	};
	finish('a');
	const hidden = structuredClone(server.pods.get('a')!.object);
	let checks = 0;
	const texts: string[] = [];
	for await (const event of followLogs(
		cluster,
		{
			kind: 'scope',
			scope,
			async canAppear() {
				checks++;
				if (checks === 1) {
					server.pods.set('b', {object: {...hidden, metadata: {...hidden.metadata, name: 'b', uid: 'late'}}, containers: new Map()});
				} else if (checks === 2) {
					finish('b', 'late');
				}

				return false;
			},
		},
		{asked: 'job/x', containers: {kind: 'default'}, start: {}},
	)) {
		if (event.type === 'lines') {
			texts.push(event.bytes.toString().split(' ')[1]!.trim());
		}
	}

	t.deepEqual(texts, ['a', 'b']);
});

test('a follow waits for the status of a job before it reports that it waits for a pod', async t => {
	const {server, cluster} = await startServer(t);
	server.restartPolicy = 'Never';
	server.addPod('a', {owner: 'Job'}).get('app')!.end();
	for (const [answers, expected] of [
		[[true, false], ['no-more-pods']],
		[
			[true, true, false],
			['no-pods', 'no-more-pods'],
		],
	] as const) {
		const left: boolean[] = [...answers];
		const events = await Array.fromAsync(
			followLogs(
				cluster,
				{kind: 'scope', scope, canAppear: async () => left.shift()!},
				{asked: 'job/x', containers: {kind: 'default'}, start: {}},
			),
		);
		t.deepEqual(
			events.map(({type}) => type).filter(type => type.startsWith('no-')),
			[...expected],
		);
	}
});

test('a follow goes on and says why when it is unknown whether pods can appear', async t => {
	const {server, cluster, stop} = await startServer(t);
	server.restartPolicy = 'Never';
	server.addPod('a', {owner: 'Job'}).get('app')!.end();
	const forbidden = new SpokeError('ERR_FORBIDDEN', 'jobs.batch "x" is forbidden');
	const canAppear = async () => {
		throw forbidden;
	};
	for await (const event of followLogs(
		cluster,
		{kind: 'scope', scope, canAppear},
		{asked: '-l a', containers: {kind: 'default'}, start: {}, signal: stop.signal},
	)) {
		t.not(event.type, 'no-more-pods');
		if (event.type === 'no-pods') {
			t.is(event.error, forbidden);
			stop.abort();
		}
	}

	t.true(stop.signal.aborted);
});

test('150 logs are followed at once and reconnect 20 at a time', async t => {
	const server = await LogServer.start();
	const cluster = await server.cluster();
	const stop = new AbortController();
	for (let index = 0; index < 150; index++) {
		server.addPod(`p${index}`).get('app')!.append(line(1, 'hello'));
	}

	const read = new Set<string>();
	let cut = false;
	for await (const event of followLogs(
		cluster,
		{kind: 'scope', scope, canAppear: async () => true},
		{asked: '-l', containers: {kind: 'all'}, start: {}, signal: stop.signal},
	)) {
		if (event.type === 'lines') {
			t.false(cut && event.bytes.includes('hello'), 'a line came twice');
			read.add(event.source.pod);
		}

		if (read.size === 150 && !cut) {
			cut = true;
			read.clear();
			server.cutEverything();
			for (const pod of server.pods.values()) {
				pod.containers.get('app')!.append(line(2, 'again'));
			}
		} else if (read.size === 150) {
			stop.abort();
		}
	}

	t.true(server.mostAtOnce >= 100, `${server.mostAtOnce}`);
	cluster.close();
	await server.stop();
});

const refused = async (options: Partial<FollowLogsOptions>, prepare: (server: LogServer) => void) => {
	const server = await LogServer.start();
	const cluster = await server.cluster();
	prepare(server);
	try {
		const pods = [...server.pods.values()].map(({object}) => object);
		for await (const event of followLogs(
			cluster,
			{kind: 'pods', pods},
			{asked: 'w', containers: {kind: 'default'}, start: {}, ...options},
		)) {
			if (event.type === 'failed') {
				throw event.error;
			}
		}

		return null;
	} catch (error) {
		return error as Error & {code: string; exitStatus: number};
	} finally {
		cluster.close();
		await server.stop();
	}
};

test('more logs than allowed fail with kubectl’s message', async t => {
	const error = await refused({maxLogs: 1}, server => {
		server.addPod('a');
		server.addPod('b');
	});
	t.is(
		error?.message,
		'you are attempting to follow 2 log streams, but maximum allowed concurrency is 1, use --max-log-requests to increase the limit',
	);
});

test('a container that does not start in time is named with its reason', async t => {
	const error = await refused({startTimeoutMs: 500}, server => {
		server.addPod('w').get('app')!.state = 'waiting';
	});
	t.is(error?.exitStatus, 12);
	t.regex(error?.message ?? '', /app of pod w did not start within 0\.5 s: ContainerCreating/);
});

test('a leg 2 failure at the first read is reported at once with the server’s message', async t => {
	const text =
		'Get "https://10.0.0.1:10250/containerLogs/demo/w/app?follow=true": tls: failed to verify certificate: x509: certificate signed by unknown authority';
	const error = await refused({}, server => {
		server.addPod('w');
		server.faults.push({kind: 'refuse', status: 500, body: JSON.stringify({kind: 'Status', message: text})});
	});
	t.is(error?.code, 'ERR_SECOND_LEG');
	t.is(error?.exitStatus, 11);
	t.true(error?.message.includes('x509: certificate signed by unknown authority'));
});

async function startServer(t: ExecutionContext) {
	const server = await LogServer.start();
	const cluster = await server.cluster();
	t.teardown(async () => {
		cluster.close();
		await server.stop();
	});
	return {server, cluster, stop: new AbortController()};
}

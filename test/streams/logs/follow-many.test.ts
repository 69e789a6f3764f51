import {setTimeout as sleep} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import {setStreamGate} from '../../../source/streams/stream-gate.ts';
import type {followLogs, FollowLogsOptions} from '../../../source/streams/logs/follow-logs.ts';
import type {LogEvent} from '../../../source/streams/logs/log-events.ts';
import {followServer, type OnLogEvent} from '../../support/followed-log.ts';
import {LogServer} from '../../support/log-server.ts';
import {until} from '../../support/until.ts';

type CanAppear = Extract<Parameters<typeof followLogs>[1], {kind: 'scope'}>['canAppear'];

const line = (second: number, text: string) => ({time: `2026-11-24T14:00:${String(second).padStart(2, '0')}.000000001Z`, text});
const scope = {namespace: 'demo', labelSelector: 'app=web'};
const brokenLeg = 'Get "https://10.0.0.1:10250/containerLogs/demo/new/app?follow=true": EOF';
const refusal = (status: number, message: string) => ({kind: 'refuse', status, body: JSON.stringify({kind: 'Status', message})}) as const;

async function given(t: ExecutionContext) {
	const server = await LogServer.start(t);
	const cluster = await server.cluster();
	/** Follows the pods of a selector, or those that are there. */
	const follow = async (
		on?: OnLogEvent,
		{
			canAppear = async () => true,
			kind = 'scope',
			...options
		}: Partial<FollowLogsOptions> & {canAppear?: CanAppear; kind?: 'scope' | 'pods'} = {},
	) => followServer(server, cluster, on, {...options, ...(kind === 'scope' && {targets: {kind, scope, canAppear}})});
	return {server, cluster, follow};
}

/** If it is of `pod`. */
const typeOf = (event: LogEvent, pod: string) => ('source' in event && event.source.pod === pod ? event.type : null);

test('new pods are followed from their first line, and the log of a deleted pod is complete', async t => {
	const {server, follow} = await given(t);
	const old = server.addLog('old', line(1, 'old 1'), line(2, 'old 2'));
	const texts: Record<string, string> = {old: '', new: ''};
	let isFirst = true;
	await follow(
		async event => {
			if (event.type !== 'lines') {
				return false;
			}

			texts[event.source.pod] = texts[event.source.pod]! + event.bytes.toString().replaceAll(/^\S+ /gm, '');
			if (isFirst) {
				isFirst = false;
				server.addLog('new', line(3, 'new 1'));
				old.append(line(4, 'old 3'));
				await sleep(50);
				old.append(line(5, 'old last'));
				server.removePod('old');
			}

			return texts['new'] !== '' && texts['old']!.includes('old last');
		},
		{start: {tailLines: 1}},
	);
	t.deepEqual(texts, {old: 'old 2\nold 3\nold last\n', new: 'new 1\n'});
	t.deepEqual(
		server.seen.filter(({pod}) => pod === 'new').map(({query}) => query['tailLines']),
		[undefined],
		'read once, and whole',
	);
});

for (const [title, status, message, expected] of [
	['is read again when its first read is lost at leg 2', 500, brokenLeg, ['reconnecting', 'opened', 'lines']],
	['fails when its first read is refused', 403, 'pods "new" is forbidden', ['failed']],
] as const) {
	test(`a pod that appears later ${title}`, async t => {
		const {server, follow} = await given(t);
		server.addLog('old', line(1, 'old 1'));
		const events: string[] = [];
		await follow(event => {
			if (typeOf(event, 'old') === 'lines') {
				server.faults.push(refusal(status, message));
				server.addLog('new', line(2, 'new 1'));
			}

			const type = typeOf(event, 'new');
			events.push(...(['reconnecting', 'opened', 'lines', 'failed'].includes(type ?? '') ? [type!] : []));
			return ['lines', 'failed'].includes(events.at(-1) ?? '');
		});
		t.deepEqual(events, [...expected]);
	});
}

test('a log whose first read is cut is read again when another log was opened before', async t => {
	const {server, follow} = await given(t);
	server.addLog('one', line(1, 'one 1'));
	server.addLog('two', line(1, 'two 1'));
	server.faults.push(null, {kind: 'silence'});
	const printed = new Set<string>();
	await follow(async event => {
		t.not(event.type, 'failed');
		if (event.type === 'lines') {
			printed.add(event.source.pod);
			if (printed.size === 1) {
				await until(() => server.seen.length === 2);
				server.cutEverything();
			}
		}

		return event.type === 'failed' || printed.size === 2;
	});
	t.deepEqual([...printed].toSorted(), ['one', 'two']);
});

test('a log whose first read fails on leg 2 ends although another log is open', async t => {
	const {server, follow} = await given(t);
	server.addLog('one', line(1, 'one 1'));
	const late = server.addLog('two');
	late.state = 'waiting';
	const events: string[] = [];
	await follow(
		event => {
			if (event.type === 'lines') {
				server.faults.push(refusal(500, brokenLeg));
				late.state = 'running';
			} else if (typeOf(event, 'two') !== null) {
				events.push(event.type);
			}

			return ['reconnecting', 'failed'].includes(events.at(-1) ?? '');
		},
		{kind: 'pods'},
	);
	t.deepEqual(events, ['waiting', 'failed']);
});

test('a pod that appears later is not read again when a requirement refuses its connection', async t => {
	const {server, cluster, follow} = await given(t);
	setStreamGate(cluster, async (_connection, {target}) => {
		if (target.name === 'new') {
			throw new SpokeError('ERR_REQUIRE_NOT_MET', 'requirement not met');
		}
	});
	server.addLog('old', line(1, 'old 1'));
	const events: string[] = [];
	await follow(event => {
		if (event.type === 'lines') {
			server.addLog('new', line(2, 'new 1'));
		} else if (typeOf(event, 'new') !== null) {
			events.push(event.type);
		}

		return events.length > 0;
	});
	t.deepEqual(events, ['failed']);
	t.false(
		server.seen.some(({pod}) => pod === 'new'),
		'nothing was sent',
	);
});

test('the node of a pod that is scheduled later appears in its lines and its path', async t => {
	const {server, follow} = await given(t);
	const log = server.addLog('new');
	const {object} = server.pods.get('new')!;
	const scheduled = {...object, spec: {...object.spec}};
	delete object.spec.nodeName;
	log.state = 'waiting';
	const nodes: string[] = [];
	await follow(
		event => {
			if (event.type === 'waiting') {
				nodes.push(`waits on ${event.source.node}`);
				server.pods.get('new')!.object = scheduled;
				log.append(line(1, 'new 1'));
				log.state = 'running';
			} else if (event.type === 'lines') {
				nodes.push(`lines of ${event.source.node}`);
			}

			return event.type === 'lines';
		},
		{
			observer: {
				async beforeUse(_, {target}) {
					nodes.push(`asked of ${target.node}`);
				},
			},
		},
	);
	t.deepEqual(nodes, ['waits on null', 'asked of n1', 'lines of n1']);
});

/** Adds the pod of a job, which has printed its name and ended. */
function finish(server: LogServer, name: string, uid?: string): void {
	server.restartPolicy = 'Never';
	const log = server.addPod(name, {owner: 'Job', ...(uid !== undefined && {uid})}).get('app')!;
	log.append(line(1, name));
	log.end();
}

test('following ends only when no pods are left and none can appear', async t => {
	const {server, follow} = await given(t);
	finish(server, 'a');
	finish(server, 'b');
	const asked: string[] = [];
	const types: string[] = [];
	await follow(({type}) => void types.push(type), {
		async canAppear(controllers) {
			asked.push(controllers.map(one => one?.kind).join(','));
			return false;
		},
	});
	t.deepEqual(asked, ['Job']);
	t.is(types.filter(type => type === 'ended').length, 2);
});

test('a follow does not end before it has followed a pod that the watch has not shown', async t => {
	const {server, follow} = await given(t);
	finish(server, 'a');
	const hidden = structuredClone(server.pods.get('a')!.object);
	let checks = 0;
	const texts: string[] = [];
	await follow(event => void texts.push(...(event.type === 'lines' ? [event.bytes.toString().split(' ')[1]!.trim()] : [])), {
		async canAppear() {
			checks++;
			if (checks === 1) {
				server.pods.set('b', {object: {...hidden, metadata: {...hidden.metadata, name: 'b', uid: 'late'}}, containers: new Map()});
			} else if (checks === 2) {
				finish(server, 'b', 'late');
			}

			return false;
		},
	});
	t.deepEqual(texts, ['a', 'b']);
});

for (const [answers, expected] of [
	[[true, false], ['no-more-pods']],
	[
		[true, true, false],
		['no-pods', 'no-more-pods'],
	],
] as const) {
	test(`a follow waits for the status of a job before it reports that it waits for a pod: ${answers.join(', ')}`, async t => {
		const {server, follow} = await given(t);
		finish(server, 'a');
		const left: boolean[] = [...answers];
		const types: string[] = [];
		await follow(({type}) => void types.push(type), {canAppear: async () => left.shift()!});
		t.deepEqual(
			types.filter(type => type.startsWith('no-')),
			[...expected],
		);
	});
}

test('a follow goes on and says why when it is unknown whether pods can appear', async t => {
	const {server, follow} = await given(t);
	finish(server, 'a');
	const forbidden = new SpokeError('ERR_FORBIDDEN', 'jobs.batch "x" is forbidden');
	const canAppear = async () => {
		throw forbidden;
	};
	const errors: unknown[] = [];
	await follow(
		event => {
			t.not(event.type, 'no-more-pods');
			errors.push(...(event.type === 'no-pods' ? [event.error] : []));
			return errors.length > 0;
		},
		{canAppear},
	);
	t.is(errors[0], forbidden);
});

test('150 logs are followed at once and reconnect 20 at a time', async t => {
	const {server, follow} = await given(t);
	for (let index = 0; index < 150; index++) {
		server.addLog(`p${index}`, line(1, 'hello'));
	}

	const read = new Set<string>();
	let cut = false;
	await follow(
		event => {
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
			}

			return read.size === 150;
		},
		{containers: {kind: 'all'}},
	);
	t.true(server.mostAtOnce >= 100, `${server.mostAtOnce}`);
});

const tls =
	'Get "https://10.0.0.1:10250/containerLogs/demo/w/app?follow=true": tls: failed to verify certificate: x509: certificate signed by unknown authority';

for (const [title, prepare, options, expected, message] of [
	[
		'more logs than allowed fail with kubectl’s message',
		(server: LogServer) => ['a', 'b'].map(name => server.addLog(name)),
		{maxLogs: 1},
		{code: 'ERR_USAGE'},
		/^you are attempting to follow 2 log streams, but maximum allowed concurrency is 1, use --max-log-requests to increase the limit$/,
	],
	[
		'a container that does not start in time is named with its reason',
		(server: LogServer) => (server.addLog('w').state = 'waiting'),
		{startTimeoutMs: 500},
		{exitStatus: 12},
		/app of pod w did not start within 0\.5 s: ContainerCreating/,
	],
	[
		'a leg 2 failure at the first read is reported at once with the server’s message',
		(server: LogServer) => [server.addLog('w'), server.faults.push(refusal(500, tls))],
		{},
		{code: 'ERR_SECOND_LEG', exitStatus: 11},
		/x509: certificate signed by unknown authority/,
	],
] as const) {
	test(title, async t => {
		const {server, follow} = await given(t);
		prepare(server);
		const error = await t.throwsAsync(
			follow(
				event => {
					if (event.type === 'failed') {
						throw event.error;
					}
				},
				{kind: 'pods', asked: 'w', ...options},
			),
			{message},
		);
		t.like(error, expected);
	});
}

/** Switches and faults of a running sandbox. */
import {createInterface} from 'node:readline';
import {setTimeout as delay} from 'node:timers/promises';
import test from 'ava';
import {switches} from '../../source/sandbox/sandbox.ts';
import {startSandbox} from '../../source/sandbox/start-sandbox.ts';
import {ask, askJson, open, podsOf} from '../support/sandbox-client.ts';
import {until} from '../support/until.ts';

const sandbox = await startSandbox();
test.after.always(async () => sandbox.close());

test.serial('every switch accepts each of its values and reports the change', async t => {
	const descriptions: string[] = [];
	const end = sandbox.onEvent(({description}) => descriptions.push(description));
	for (const {name, title, values} of switches) {
		for (const {value} of [...values.slice(1), values[0]!]) {
			await sandbox.switches.set({[name]: value});
			t.is<unknown, unknown>(sandbox.switches.get()[name], value);
		}

		t.is(descriptions.filter(description => description.startsWith(`${title}: `)).length, values.length, name);
	}

	t.true(descriptions.includes('too many requests: off → on'), 'with the labels of the screen');
	t.true(descriptions.includes('latency to the apiserver: 50 ms → 250 ms'));
	end();
	t.is((await ask(sandbox, '/healthz')).body, 'ok');
});

test.serial('a disconnect ends open requests, and the next request succeeds', async t => {
	const stream = await open(sandbox, '/api/v1/pods?watch=true');
	const ended = new Promise<Error>(resolve => {
		stream.on('error', resolve);
	});
	stream.resume();
	sandbox.faults.cut();
	t.is(((await ended) as NodeJS.ErrnoException).code, 'ECONNRESET');
	t.is((await ask(sandbox, '/version')).status, 200);
});

for (const [title, prepare] of [
	['holds responses back until it ends', async () => undefined],
	['persists over a restart of the apiserver', async () => sandbox.faults.restartApiserver()],
] as const) {
	test.serial(`a stall ${title}`, async t => {
		await sandbox.switches.set({stall: 'on'});
		await prepare();
		const response = ask(sandbox, '/healthz');
		t.is(await Promise.race([response, delay(200, 'silent')]), 'silent');
		await sandbox.switches.set({stall: 'off'});
		t.is((await response).body, 'ok');
	});
}

test.serial('latency is added in each direction', async t => {
	await sandbox.switches.set({latency: 40});
	const before = performance.now();
	await ask(sandbox, '/healthz');
	t.true(performance.now() - before > 150);
	await sandbox.switches.set({latency: 0});
});

test.serial('a 429 has a Retry-After header', async t => {
	await sandbox.switches.set({retryAfter: 2});
	const {status, headers, body} = await ask(sandbox, '/api/v1/pods');
	t.deepEqual([status, headers['retry-after'], (JSON.parse(body) as {reason: string}).reason], [429, '2', 'TooManyRequests']);
	await sandbox.switches.set({retryAfter: 0});
});

test.serial('a restarted apiserver refuses connections for its downtime', async t => {
	const {promise, resolve} = Promise.withResolvers<void>();
	const restart = sandbox.faults.restartApiserver({downMs: 300, until: promise});
	await t.throwsAsync(ask(sandbox, '/version'));
	resolve();
	await restart;
	t.is((await ask(sandbox, '/version')).status, 200);
});

test.serial('a second restart waits for the first and keeps its changes', async t => {
	await Promise.all([
		sandbox.switches.set({verification: 'good'}),
		sandbox.faults.restartApiserver({downMs: 50}),
		sandbox.faults.restartApiserver(),
	]);
	const {flags} = await askJson<{flags: Record<string, string>}>(sandbox, '/flagz', {
		headers: {accept: 'application/json;v=v1beta1;g=config.k8s.io;as=Flagz'},
	});
	t.not(flags['kubelet-certificate-authority'], '');
	await sandbox.switches.set({verification: 'off'});
});

test.serial('a rotation keeps followers, and new readers get only later lines', async t => {
	const path = '/api/v1/namespaces/kube-system/pods';
	const {
		items: [pod],
	} = await askJson<{items: Array<{metadata: {name: string}}>}>(sandbox, `${path}?labelSelector=app%3Dnode-logger`);
	const log = `${path}/${pod!.metadata.name}/log`;
	const stream = await open(sandbox, `${log}?follow=true`);
	const lines = createInterface({input: stream})[Symbol.asyncIterator]();
	t.regex(String((await lines.next()).value), /^starting on/);
	sandbox.faults.rotateLogs({namespace: 'kube-system', name: pod!.metadata.name});
	t.is((await ask(sandbox, log)).body, '');
	t.regex(String((await lines.next()).value), /request=\d+$/);
	stream.destroy();
});

test.serial('a stopped container restarts, counts the restart and keeps its previous log', async t => {
	const path = '/api/v1/namespaces/default/pods/db-0';
	sandbox.faults.restartContainers({name: 'db-0'});
	const container = async () => {
		const {status} = await askJson<{
			status: {containerStatuses: Array<{restartCount: number; state: object; lastState: {terminated?: {exitCode: number}}}>};
		}>(sandbox, path);
		return status.containerStatuses[0]!;
	};

	await until(async () => {
		const {restartCount, state} = await container();
		return restartCount === 1 && 'running' in state;
	}, container);
	t.is((await container()).lastState.terminated?.exitCode, 0);
	t.regex((await ask(sandbox, `${path}/log?container=db&previous=true`)).body, /^echo on :7000\n/);
	t.regex((await ask(sandbox, `${path}/log?container=db`)).body, /^echo on :7000\n/);
	t.is(
		(await askJson(sandbox, `${path}/log?container=migrate&previous=true`))['message'],
		'previous terminated container "migrate" in pod "db-0" not found',
	);
});

test.serial('a rollout replaces every pod without going below the replica count', async t => {
	const before = await podsOf(sandbox, 'web');
	sandbox.faults.rollOut({name: 'web'});
	const pods = async () => podsOf(sandbox, 'web');
	await until(async () => {
		const now = await pods();
		t.true(now.length >= 2);
		return now.length === 2 && now.every(name => !before.includes(name));
	}, pods);
});

test.serial('the flaky deployment is in CrashLoopBackOff', async t => {
	const container = async () => {
		const {
			items: [pod],
		} = await askJson<{
			items: Array<{
				status: {containerStatuses: Array<{state: {waiting?: {reason: string}}; lastState: {terminated?: {exitCode: number}}}>};
			}>;
		}>(sandbox, '/api/v1/namespaces/default/pods?labelSelector=app%3Dflaky');
		return pod!.status.containerStatuses[0]!;
	};

	await until(async () => (await container()).state.waiting?.reason === 'CrashLoopBackOff', container);
	t.is((await container()).lastState.terminated?.exitCode, 1);
});

/** Start and close of a sandbox. */
import {connect, createServer} from 'node:net';
import {once} from 'node:events';
import test from 'ava';
import {type ScenarioName, scenarios} from '../../source/sandbox/scenarios.ts';
import {startSandbox} from '../../source/sandbox/start-sandbox.ts';
import {listenOnLoopback} from '../support/listen-on-loopback.ts';
import {askJson} from '../support/sandbox-client.ts';
import {until} from '../support/until.ts';

test('every scenario starts with its workloads', async t => {
	for (const name of Object.keys(scenarios) as ScenarioName[]) {
		const sandbox = await startSandbox({scenario: name});
		const unready = async () => {
			const {items} = await askJson<{items: Array<{metadata: {name: string}; status: {phase: string}}>}>(
				sandbox,
				'/api/v1/namespaces/default/pods',
			);
			return items
				.filter(({metadata, status}) => status.phase !== (metadata.name.startsWith('report') ? 'Succeeded' : 'Running'))
				.map(({metadata}) => metadata.name);
		};

		await until(async () => (await unready()).length === 0, unready);
		t.pass(name);
		await sandbox.close();
	}
});

test('an unknown scenario is a usage error with the known names', async t => {
	const error = await t.throwsAsync(startSandbox({scenario: 'nope' as never}));
	t.like(error, {code: 'ERR_USAGE', exitStatus: 2, message: 'unknown scenario: nope'});
	t.regex((error as unknown as {remedy: string}).remedy, /konnectivity/);
});

test('a port in use is an error with its number', async t => {
	const taken = createServer();
	const port = await listenOnLoopback(taken);
	await t.throwsAsync(startSandbox({port}), {code: 'ERR_PORT_IN_USE', message: `port ${port} is in use on 127.0.0.1`});
	taken.close();
});

test('the default port is outside the ephemeral range', async t => {
	for (let round = 0; round < 3; round++) {
		const {server, close} = await startSandbox();
		t.true(Number(new URL(server).port) < 32_768, server);
		await close();
	}
});

test('a closed sandbox has no listeners', async t => {
	const sandbox = await startSandbox();
	const {items: nodes} = await askJson<{
		items: Array<{status: {addresses: Array<{type: string; address: string}>; daemonEndpoints: {kubeletEndpoint: {Port: number}}}}>;
	}>(sandbox, '/api/v1/nodes');
	const places = [
		{host: '127.0.0.1', port: Number(new URL(sandbox.server).port)},
		...nodes.map(({status}) => ({host: status.addresses[0]!.address, port: status.daemonEndpoints.kubeletEndpoint.Port})),
		// Reserves the addresses of the sandbox on this machine.
		{host: nodes[0]!.status.addresses[0]!.address.replace(/\d+\.\d+$/, '255.254'), port: 47_613},
	];
	await sandbox.close();
	for (const place of process.platform === 'linux' ? places : places.slice(0, 1)) {
		const socket = connect(place);
		const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
		t.is(error.code, 'ECONNREFUSED');
	}
});

test('a closed sandbox does not complete a restart of its apiserver', async t => {
	const sandbox = await startSandbox();
	const restart = sandbox.faults.restartApiserver({downMs: 60_000});
	await sandbox.close();
	await restart;
	const [error] = (await once(connect({host: '127.0.0.1', port: Number(new URL(sandbox.server).port)}), 'error')) as [
		NodeJS.ErrnoException,
	];
	t.is(error.code, 'ECONNREFUSED');
});

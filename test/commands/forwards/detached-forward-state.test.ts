import {hostname} from 'node:os';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {
	assertPortsAreFree,
	forwardsDirectory,
	writeState,
	type DetachedForwardState,
	readProcess,
} from '../../../source/commands/forwards/detached-forward-state.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';

test('each host has its own directory of forwards, so none ends those of another', t => {
	t.is(forwardsDirectory.name, `forwards-${hostname()}`);
});

/** A directory, and the state of a detached forward that runs: this process. */
async function runningForward(t: ExecutionContext) {
	const directory = await temporaryDirectory(t);
	const state: DetachedForwardState = {
		id: 'a1',
		name: 'a.test-8080',
		process: (await readProcess(process.pid))!,
		startedAt: '2026-01-01T00:00:00.000Z',
		listeners: [
			{host: 'a.test', port: 8080},
			{host: 'b.test', port: 9090},
		],
		context: null,
		forwards: [],
		ended: null,
	};
	return {directory, state};
}

test('a detached forward reserves only its own pairs of host and port', async t => {
	const {directory, state} = await runningForward(t);
	await writeState(directory, state);
	for (const free of [
		{host: 'a.test', port: 9090},
		{host: 'b.test', port: 8080},
		{host: null, port: 8080},
	]) {
		await t.notThrowsAsync(assertPortsAreFree(directory, [free]));
	}

	await t.throwsAsync(
		assertPortsAreFree(directory, [
			{host: 'a.test', port: 9090},
			{host: 'b.test', port: 9090},
		]),
		{message: `local port 9090 of b.test belongs to the detached forward a.test-8080 (process ${process.pid})`},
	);
});

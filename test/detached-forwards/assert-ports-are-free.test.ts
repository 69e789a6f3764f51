/** The local ports of detached forwards. */
import {join} from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {assertPortsAreFree} from '../../source/detached-forwards/assert-ports-are-free.ts';
import {writeState, type DetachedForwardState} from '../../source/detached-forwards/detached-forward-state.ts';
import {readProcess} from '../../source/detached-forwards/process-identity.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';

/** A directory, and the state of a detached forward that runs: this process. */
async function runningForward(t: ExecutionContext) {
	const directory = await temporaryDirectory(t);
	const {pid, startTime} = (await readProcess(process.pid))!;
	const state: DetachedForwardState = {
		id: 'a1',
		name: 'a.test-8080',
		process: {pid, startTime},
		sessionLeader: null,
		startedAt: '2026-01-01T00:00:00.000Z',
		listeners: [
			{host: 'a.test', port: 8080},
			{host: 'b.test', port: 9090},
		],
		log: join(directory, 'a1.log'),
		socket: join(directory, 'a1.sock'),
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
	await t.notThrowsAsync(assertPortsAreFree(directory, state.listeners, state.id));
});

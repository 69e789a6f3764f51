import {spawn} from 'node:child_process';
import process from 'node:process';
import {PassThrough} from 'node:stream';
import test from 'ava';
import type {ForwardsInvocation} from '../../../source/commands/forwards/spec.ts';
import {stopForwards} from '../../../source/commands/forwards/run.ts';
import {readProcess} from '../../../source/commands/forwards/detached-forward-state.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';

test.serial('a forward that ends while it is being stopped counts as stopped', async t => {
	const directory = await temporaryDirectory(t);
	const child = spawn('sleep', ['60'], {stdio: 'ignore'});
	const {kill} = process;
	process.kill = pid => {
		kill(pid, 'SIGKILL');
		throw Object.assign(new Error('kill ESRCH'), {code: 'ESRCH'});
	};

	t.teardown(() => {
		process.kill = kill;
		child.kill();
	});
	const state = {
		id: 'a',
		name: 'db-5432',
		process: (await readProcess(child.pid!))!,
		startedAt: '2026-11-24T14:00:00Z',
		listeners: [{host: null, port: 5432}],
		context: null,
		forwards: [],
		ended: null,
	};
	const stdout = new PassThrough({encoding: 'utf8'});
	const invocation = {flags: {all: true}, stdout, stderr: new PassThrough()} as unknown as ForwardsInvocation;
	await stopForwards(invocation, [{state, condition: 'running'}], {directory, names: []});
	t.is(stdout.read(), 'db-5432 stopped\n');
});

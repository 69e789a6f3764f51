/** `--record` of attach and debug. */
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {success} from '../../support/command-server.ts';
import {serveRecorded, verified} from '../../support/recorded-command.ts';
import {runSpoke} from '../../support/run-spoke.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {ephemeralContainers} from '../../support/sandbox-client.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';
import {openTerminal} from '../../support/terminal.ts';

async function openRecorded(t: ExecutionContext) {
	const {sandbox, env: sandboxEnv, kubeconfigFile} = await openSandbox(t);
	const home = await temporaryDirectory(t);
	const env = {HOME: home, KUBECONFIG: sandboxEnv['KUBECONFIG']};
	return {sandbox, home, env, kubeconfigFile, file: join(home, 'a.cast')};
}

const debug = ['debug', 'db-0', '--image=busybox', '--arguments-only'];

test('attach --record records the output, and no exit status', async t => {
	const {file, config, env} = await serveRecorded(t, far => {
		far.stdout('tick\n');
		far.status(success);
		far.close();
	});
	t.is((await runSpoke(['attach', '--record', file, ...config, 'web'], {env})).stdout, 'tick\n');
	const {recording, end} = await verified(file, env);
	t.deepEqual(recording.command, []);
	t.like(end, {how: 'output-ended', remoteExitStatus: null, stdout: {bytes: 5}});
	t.regex(
		(await runSpoke(['verify', file], {env})).stdout,
		/attached to the process of the container\n[^]*the container closed its output/,
	);
});

test('debug --record records what an attached debug container prints', async t => {
	const {env, file} = await openRecorded(t);
	const {status, stdout, stderr} = await runSpoke([...debug, '-i', '--record', file, '--', '-s'], {env, input: 'echo recorded\nexit 4\n'});
	t.is(status, 0, stderr);
	t.is(stdout, 'recorded\n');
	const {recording, paths, end} = await verified(file, env);
	t.regex(recording.target.container, /^debugger-/);
	t.regex(paths[0]!.line, /^path: you /);
	t.like(end, {how: 'output-ended', stdout: {bytes: 9}});
});

test('debug --record adds no container if the file exists, or if it does not attach', async t => {
	const {sandbox, env, file} = await openRecorded(t);
	await writeFile(file, 'kept');
	t.regex((await runSpoke([...debug, '-i', '--record', file], {env})).stderr, /a\.cast exists already .*\[ERR_LOCAL_FILE\]/);
	t.regex((await runSpoke([...debug, '--record', `${file}2`], {env})).stderr, /--record requires -i or --attach .*\[ERR_USAGE\]/);
	t.deepEqual(await ephemeralContainers(sandbox, 'db-0'), []);
});

test('debug --record fails if the output was read from the log instead', async t => {
	const {env, file} = await openRecorded(t);
	const {status, stderr} = await runSpoke([...debug, '--attach', '--record', file, '--', '-c', 'exit 3'], {env});
	t.is(status, 125);
	t.regex(stderr, /the transcript lacks the output: the container ended with status 3 before spoke attached.*\[ERR_LOCAL_FILE\]\n$/);
});

test('a transcript says that the user detached', async t => {
	const {env, home, kubeconfigFile, file} = await openRecorded(t);
	const terminal = await openTerminal(t, ['debug', 'db-0', '-it', '--image=busybox', '--record', file, '--kubeconfig', kubeconfigFile], {
		home,
	});
	await terminal.sees(/try pressing enter/);
	terminal.type('\r');
	await terminal.writes('/ # ');
	terminal.type('\u0010\u0011');
	await terminal.ended();
	t.like((await verified(file, env)).end, {how: 'detached', remoteExitStatus: null});
});

/** `--record` of attach and debug. */
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {success} from '../../support/command-server.ts';
import {readCast, serveRecorded} from '../../support/recorded-command.ts';
import {runSpoke} from '../../support/run-spoke.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {ephemeralContainers} from '../../support/sandbox-client.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';

async function openRecorded(t: ExecutionContext) {
	const {sandbox, env: sandboxEnv} = await openSandbox(t);
	const home = await temporaryDirectory(t);
	return {sandbox, env: {HOME: home, KUBECONFIG: sandboxEnv['KUBECONFIG']}, file: join(home, 'a.cast')};
}

const debug = ['debug', 'db-0', '--image=busybox', '--arguments-only'];

test('attach --record records the output', async t => {
	const {file, config, env} = await serveRecorded(t, far => {
		far.stdout('tick\n');
		far.status(success);
		far.close();
	});
	t.is((await runSpoke(['attach', '--record', file, ...config, 'web'], {env})).stdout, 'tick\n');
	const {header, output} = await readCast(file);
	t.is(header.command, '');
	t.is(output, 'tick\r\n');
});

test('debug --record records what an attached debug container prints', async t => {
	const {env, file} = await openRecorded(t);
	const {status, stdout, stderr} = await runSpoke([...debug, '-i', '--record', file, '--', '-s'], {env, input: 'echo recorded\nexit 4\n'});
	t.is(status, 0, stderr);
	t.is(stdout, 'recorded\n');
	const {header, output, markers} = await readCast(file);
	t.regex(header.title, /^default\/db-0\/debugger-/);
	t.regex(markers.at(-1)!, /^path: you /);
	t.is(output, 'recorded\r\n');
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
	t.regex(stderr, /the recording lacks the output: the container ended with status 3 before spoke attached.*\[ERR_LOCAL_FILE\]\n$/);
});

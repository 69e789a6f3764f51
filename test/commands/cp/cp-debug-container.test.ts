/** Copies from a container without a shell. */
import {readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import type {Sandbox} from '../../../source/sandbox/sandbox.ts';
import {copyObjects} from '../../support/copy-server.ts';
import {runSpoke} from '../../support/run-spoke.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {askJson, createShellLessPod, ephemeralContainers} from '../../support/sandbox-client.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';
import {until} from '../../support/until.ts';

async function openStaticPod(t: ExecutionContext): Promise<{sandbox: Sandbox; env: NodeJS.ProcessEnv; folder: string}> {
	const {sandbox, env} = await openSandbox(t);
	await createShellLessPod(sandbox);
	await until(
		async () => (await askJson<{status: {phase: string}}>(sandbox, '/api/v1/namespaces/default/pods/scratch')).status.phase === 'Running',
	);
	const folder = await temporaryDirectory(t);
	return {sandbox, env, folder};
}

async function debugContainers(sandbox: Sandbox): Promise<readonly string[]> {
	return (await ephemeralContainers(sandbox, 'scratch')).map(({name}) => name);
}

test('without --debug-image and a terminal, nothing is added and the error names the flag', async t => {
	const {sandbox, env, folder} = await openStaticPod(t);
	const {status, stderr} = await runSpoke(['cp', 'scratch:/etc/hostname', folder], {env});
	t.is(status, 1);
	t.regex(stderr, /the image has no sh: pass --debug-image=busybox .*\[ERR_COMMAND_NOT_STARTED\]\n$/);
	t.deepEqual(await debugContainers(sandbox), []);
});

test('--debug-image adds one container, and a second copy goes through the same', async t => {
	const {sandbox, env, folder} = await openStaticPod(t);
	const first = await runSpoke(['cp', 'scratch:/etc/hostname', folder, '--debug-image=busybox', '-o', 'json'], {env});
	t.is(first.status, 0, first.stderr);
	t.is(await readFile(join(folder, 'hostname'), 'utf8'), 'scratch\n');
	const [name = ''] = await debugContainers(sandbox);
	t.regex(first.stderr, new RegExp(`^added container ${name} to pod scratch; `, 'm'));
	t.like(copyObjects(first).at(-1), {target: {container: 'app'}, debugContainer: name});
	const second = await runSpoke(['cp', 'scratch:/etc/hosts', folder, '--debug-image=busybox'], {env});
	t.is(second.status, 0, second.stderr);
	t.notRegex(second.stderr, /added container/);
	const own = join(folder, 'own');
	await writeFile(own, 'words\n');
	t.is((await runSpoke(['cp', own, 'scratch:/tmp/x', '--debug-image=busybox'], {env})).status, 0);
	t.is((await runSpoke(['exec', 'scratch', '-c', name, '--', 'ls', '/tmp'], {env})).stdout, '', 'not among its own files');
	t.is((await runSpoke(['cp', 'scratch:/tmp/x', join(folder, 'x'), '--debug-image=busybox'], {env})).status, 0);
	t.is(await readFile(join(folder, 'x'), 'utf8'), 'words\n');
	t.deepEqual(await debugContainers(sandbox), [name]);
});

test('a relative path, --read-only and an unmet requirement add no debug container', async t => {
	const {sandbox, env, folder} = await openStaticPod(t);
	for (const [row, expected, message] of [
		[['scratch:etc/hostname', folder], 2, /etc\/hostname: through a debug container, .* absolute/],
		[['scratch:/etc/hostname', folder, '--read-only'], 2, /\[ERR_READ_ONLY\]/],
		[['scratch:/etc/hostname', folder, '--require', 'tunnelled'], 3, /\[ERR_REQUIRE_NOT_MET\]/],
	] as const) {
		const {status, stderr} = await runSpoke(['cp', ...row, '--debug-image=busybox'], {env});
		t.is(status, expected, stderr);
		t.regex(stderr, message);
	}

	t.deepEqual(await debugContainers(sandbox), []);
});

test('an image that cannot be pulled is named, and the copy ends at the time limit', async t => {
	const {env, folder} = await openStaticPod(t);
	const copy = ['cp', 'scratch:/etc/hostname', folder, '--debug-image=nosuch'];
	// A slow machine may take longer than the limit until the reason is known.
	for (const seconds of [1, 3, 9, 27]) {
		const {status, stderr} = await runSpoke([...copy, `--pod-running-timeout=${seconds}s`], {env});
		t.is(status, 12, stderr);
		if (seconds === 27 || !stderr.endsWith(`is not running after ${seconds} s [ERR_TARGET_GONE]\n`)) {
			t.regex(stderr, new RegExp(String.raw`is not running after ${seconds} s: ImagePullBackOff: .*nosuch.*\[ERR_TARGET_GONE\]\n$`));
			return;
		}
	}
});

test('the command of the debug container has nothing that a kubelet expands', async t => {
	const {sandbox, env, folder} = await openStaticPod(t);
	await runSpoke(['cp', 'scratch:/etc/hostname', folder, '--debug-image=busybox', '-q'], {env});
	const [container] = await ephemeralContainers(sandbox, 'scratch');
	// `$$` becomes `$`, and `$(NAME)` the value of a variable of the container.
	t.deepEqual(
		container?.command.filter(word => /\$\$|\$\([A-Za-z_][\w.-]*\)/.test(word)),
		[],
	);
});

import {mkdir, readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {runSpoke} from '../support/run-spoke.ts';
import {openSandbox} from '../support/sandbox.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';
import {until} from '../support/until.ts';

test('cp copies a directory of a sandbox container, and prints its path', async t => {
	const {env} = await openSandbox(t);
	const folder = await temporaryDirectory(t);
	const {status, stderr} = await runSpoke(['cp', 'deploy/web:/etc', folder, '--path=always'], {env});
	t.is(status, 0, stderr);
	t.regex(stderr, /^path: you -verified-> apiserver /m);
	t.regex(stderr, /^copied 4 files, 1 directory, .* · same sha256 checksum on both ends$/m);
	t.deepEqual((await readdir(folder)).toSorted(), ['app', 'hostname', 'hosts', 'os-release']);
	t.regex(await readFile(join(folder, 'app/config.yaml'), 'utf8'), /^listen: 8080\n/);
	t.is((await runSpoke(['cp', 'deploy/web:/etc/hosts', join(folder, 'one')], {env})).status, 0);
	t.regex(await readFile(join(folder, 'one'), 'utf8'), /localhost/);
});

test('cp with a requirement that its path does not meet copies nothing', async t => {
	const {sandbox, env} = await openSandbox(t);
	await sandbox.switches.set({verification: 'off'});
	const folder = await temporaryDirectory(t);
	const {status, stderr} = await runSpoke(['cp', 'deploy/web:/etc', folder, '--require=verified'], {env});
	t.is(status, 3, stderr);
	t.regex(stderr, /\[ERR_REQUIRE_NOT_MET\]/);
	t.deepEqual(await readdir(folder), []);
});

test('what cp writes into a sandbox container is there for exec and cp, until it restarts', async t => {
	const {sandbox, env} = await openSandbox(t);
	const folder = await temporaryDirectory(t);
	const bytes = Buffer.from(Array.from({length: 300_000}, (_, index) => (index * 7) % 256));
	await mkdir(join(folder, 'own/empty'), {recursive: true});
	await writeFile(join(folder, 'own/bytes'), bytes);
	await writeFile(join(folder, 'own/grüße 1'), 'words\n');
	const {stdout: pod} = await runSpoke(['exec', 'deploy/toolbox', '--', 'hostname'], {env});
	const spoke = async (...words: readonly string[]) =>
		runSpoke(
			words.map(word => word.replace('POD', pod.trim())),
			{env},
		);

	const one = await spoke('cp', join(folder, 'own/grüße 1'), 'POD:/tmp/x');
	t.is(one.status, 0, one.stderr);
	t.regex(one.stderr, /same sha256 checksum on both ends/);
	t.like(await spoke('exec', 'POD', '--', 'cat', '/tmp/x'), {stdout: 'words\n', status: 0});
	const replaced = await spoke('cp', join(folder, 'own/bytes'), 'POD:/tmp/x');
	t.is(replaced.status, 0, replaced.stderr);
	t.is((await spoke('cp', 'POD:/tmp/x', join(folder, 'x'))).status, 0);
	t.deepEqual(await readFile(join(folder, 'x')), bytes);

	const tree = await spoke('cp', join(folder, 'own'), 'POD:/tmp');
	t.is(tree.status, 0, tree.stderr);
	const back = await spoke('cp', 'POD:/tmp/own', join(folder, 'back'));
	t.is(back.status, 0, back.stderr);
	t.deepEqual((await readdir(join(folder, 'back'))).toSorted(), ['bytes', 'empty', 'grüße 1']);
	t.is(await readFile(join(folder, 'back/grüße 1'), 'utf8'), 'words\n');

	for (const [to, message] of [
		['POD:/no/such/x', /its directory is not in the container/],
		['POD:/etc/hosts/x', /its directory is not in the container/],
	] as const) {
		t.regex((await spoke('cp', join(folder, 'x'), to)).stderr, message, to);
	}

	t.regex((await spoke('cp', join(folder, 'own'), 'POD:/etc/hosts')).stderr, /is a file in the container, and the source is a directory/);
	sandbox.faults.restartContainers({name: pod.trim()});
	await until(async () => (await spoke('exec', 'POD', '--', 'ls', '/tmp')).stdout === '');
});

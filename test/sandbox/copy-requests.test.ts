import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {runSpoke} from '../support/run-spoke.ts';
import {openSandbox} from '../support/sandbox.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';

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

test('cp into a sandbox container is refused by its read-only files', async t => {
	const {env} = await openSandbox(t);
	const {status, stderr} = await runSpoke(['cp', join(import.meta.dirname, 'copy-requests.test.ts'), 'deploy/web:/tmp'], {env});
	t.is(status, 1, stderr);
	t.regex(stderr, /\.?\/tmp: the user of the container cannot write there \[ERR_COPY_INCOMPLETE\]/);
});

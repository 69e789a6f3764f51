import {readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {createShellLessPod} from '../../support/sandbox-client.ts';
import {onSandbox} from '../../support/sandbox-session.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';

test('a directory of the selected pod is copied to a typed path, and a failure is shown', async t => {
	const folder = await temporaryDirectory(t);
	const {terminal} = await onSandbox(t, [], {columns: 160});
	await terminal.sees(/toolbox-/);
	terminal.type('/toolbox\r');
	terminal.press('files');
	await terminal.sees(/copy from toolbox-\S+:▏?/);
	terminal.type('/etc');
	terminal.press('accept');
	await terminal.sees(/to \.\//);
	terminal.press('clear');
	terminal.type(folder);
	terminal.press('accept');
	await terminal.sees(/copied 4 files, 1 directory/);
	t.deepEqual((await readdir(folder)).toSorted(), ['app', 'hostname', 'hosts', 'os-release']);
	t.regex(await readFile(join(folder, 'app/config.yaml'), 'utf8'), /^listen: 8080\n/);
	terminal.press('files');
	await terminal.sees(/copy from toolbox-\S+:▏?/);
	terminal.press('clear');
	terminal.type(join(folder, 'hosts'));
	terminal.press('accept');
	await terminal.sees(/to toolbox-\S+:\/tmp/);
	terminal.press('accept');
	await terminal.sees(/the user of the container cannot write there/);
});

test('a copy from a container without a shell offers a debug container, and goes through it', async t => {
	const folder = await temporaryDirectory(t);
	const {terminal, sandbox} = await onSandbox(t, [], {columns: 160});
	await createShellLessPod(sandbox);
	await terminal.sees(/scratch +.*Running/);
	terminal.type('/scratch\r');
	terminal.press('files');
	await terminal.sees(/copy from scratch:▏?/);
	terminal.type('/etc/hostname');
	terminal.press('accept');
	await terminal.sees(/to \.\//);
	terminal.press('clear');
	terminal.type(folder);
	terminal.press('accept');
	await terminal.sees(/app has no shell\. You can add a debug container/);
	terminal.press('accept');
	await terminal.sees(/copied 1 file/);
	t.is(await readFile(join(folder, 'hostname'), 'utf8'), 'scratch\n');
});

test('a copy asks before it replaces a local file, and says where the file went', async t => {
	const folder = await temporaryDirectory(t);
	const own = join(folder, 'hostname');
	await writeFile(own, 'own\n');
	const {terminal} = await onSandbox(t, [], {columns: 160});
	await terminal.sees(/toolbox-/);
	terminal.type('/toolbox\r');
	const copyHere = async () => {
		terminal.press('files');
		await terminal.sees(/copy from toolbox-\S+:▏?/);
		terminal.type('/etc/hostname\r');
		await terminal.sees(/to \.\//);
		// Replaces the suggested directory.
		terminal.type(folder);
		await terminal.sees(new RegExp(`to ${folder} `));
		terminal.press('accept');
		await terminal.sees(/Replace \S+\/hostname\?/);
		await terminal.sees(/Connections 1[\s\S]*● copy +toolbox-\S+ +\S*direct/);
	};

	await copyHere();
	terminal.press('confirm.no');
	await terminal.sees(/hostname canceled: \S+\/hostname exists, and was not replaced/);
	t.is(await readFile(own, 'utf8'), 'own\n');
	await copyHere();
	terminal.press('confirm.yes');
	await terminal.sees(new RegExp(`copied 1 file, \\d+ B to ${own} in`));
	t.not(await readFile(own, 'utf8'), 'own\n');
});

test('a local file typed as a path of the pod is noticed once, before anything is copied', async t => {
	const {terminal} = await onSandbox(t, [], {columns: 120});
	await terminal.sees(/toolbox-/);
	terminal.type('/toolbox\r');
	terminal.press('files');
	await terminal.sees(/copy from toolbox-\S+:▏?/);
	terminal.type('./package.json\r');
	await terminal.sees(/exists here: erase POD: to send it, or Enter again/);
	terminal.press('accept');
	await terminal.sees(/to \.\//);
});

test('why of a failed copy shows its path, and that the container failed', async t => {
	const {terminal} = await onSandbox(t, [], {columns: 120});
	await terminal.sees(/toolbox-/);
	terminal.type('/toolbox\r');
	terminal.press('files');
	await terminal.sees(/copy from toolbox-\S+:▏?/);
	terminal.type('/no/such/file\r');
	await terminal.sees(/to \.\//);
	terminal.press('accept');
	await terminal.sees(/no such file or directory in the container/);
	terminal.press('why');
	await terminal.sees(/LEG[\s\S]*Error in the container/);
});

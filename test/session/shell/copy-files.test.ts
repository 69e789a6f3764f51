import {readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {sessionOnOwnSandbox, sessionOnSandbox} from '../../support/open-session.ts';
import {createShellLessPod} from '../../support/sandbox-client.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';

test('a directory of the selected pod is copied to a typed path, and a file back into it', async t => {
	const folder = await temporaryDirectory(t);
	const {session} = await sessionOnSandbox(t, [], {columns: 160});
	await session.sees(/toolbox-/);
	session.type('/toolbox\r');
	session.press('files');
	await session.sees(/copy from toolbox-\S+:▏?/);
	session.type('/etc');
	session.press('accept');
	await session.sees(/to \.\//);
	session.press('clear');
	session.type(folder);
	session.press('accept');
	await session.sees(/copied 4 files, 1 directory/);
	t.deepEqual((await readdir(folder)).toSorted(), ['app', 'hostname', 'hosts', 'os-release']);
	t.regex(await readFile(join(folder, 'app/config.yaml'), 'utf8'), /^listen: 8080\n/);
	session.press('files');
	await session.sees(/copy from toolbox-\S+:▏?/);
	session.press('clear');
	session.type(join(folder, 'hosts'));
	session.press('accept');
	await session.sees(/to toolbox-\S+:\/tmp/);
	session.press('accept');
	await session.sees(/copied 1 file/);
});

test('a copy from a container without a shell offers a debug container, and goes through it', async t => {
	const folder = await temporaryDirectory(t);
	const {session, sandbox} = await sessionOnOwnSandbox(t, [], {columns: 160});
	await createShellLessPod(sandbox);
	await session.sees(/scratch +.*Running/);
	session.type('/scratch\r');
	session.press('files');
	await session.sees(/copy from scratch:▏?/);
	session.type('/etc/hostname');
	session.press('accept');
	await session.sees(/to \.\//);
	session.press('clear');
	session.type(folder);
	session.press('accept');
	await session.sees(/app has no shell\. You can add a debug container/);
	session.press('accept');
	await session.sees(/copied 1 file/);
	t.is(await readFile(join(folder, 'hostname'), 'utf8'), 'scratch\n');
});

test('a copy asks before it replaces a local file, and says where the file went', async t => {
	const folder = await temporaryDirectory(t);
	const own = join(folder, 'hostname');
	await writeFile(own, 'own\n');
	const {session} = await sessionOnSandbox(t, [], {columns: 160});
	await session.sees(/toolbox-/);
	session.type('/toolbox\r');
	const copyHere = async () => {
		session.press('files');
		await session.sees(/copy from toolbox-\S+:▏?/);
		session.type('/etc/hostname\r');
		await session.sees(/to \.\//);
		// Replaces the suggested directory.
		session.type(folder);
		await session.sees(new RegExp(`to ${folder} `));
		session.press('accept');
		await session.sees(/Replace \S+\/hostname\?/);
		await session.sees(/Connections 1[\s\S]*● copy +toolbox-\S+ +\S*direct/);
	};

	await copyHere();
	session.press('confirm.no');
	await session.sees(/hostname canceled: \S+\/hostname exists, and was not replaced/);
	t.is(await readFile(own, 'utf8'), 'own\n');
	await copyHere();
	session.press('confirm.yes');
	await session.sees(new RegExp(`copied 1 file, \\d+ B to ${own} in`));
	t.not(await readFile(own, 'utf8'), 'own\n');
});

test('a local file typed as a path of the pod is noticed once, before anything is copied', async t => {
	const {session} = await sessionOnSandbox(t, [], {columns: 120});
	await session.sees(/toolbox-/);
	session.type('/toolbox\r');
	session.press('files');
	await session.sees(/copy from toolbox-\S+:▏?/);
	session.type('./package.json\r');
	await session.sees(/exists here: erase POD: to send it, or Enter again/);
	session.press('accept');
	await session.sees(/to \.\//);
});

test('why of a failed copy shows its path, and that the container failed', async t => {
	const {session} = await sessionOnSandbox(t, [], {columns: 120});
	await session.sees(/toolbox-/);
	session.type('/toolbox\r');
	session.press('files');
	await session.sees(/copy from toolbox-\S+:▏?/);
	session.type('/no/such/file\r');
	await session.sees(/to \.\//);
	session.press('accept');
	await session.sees(/no such file or directory in the container/);
	session.press('why');
	await session.sees(/LEG[\s\S]*Error in the container/);
});

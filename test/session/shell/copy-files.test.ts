import {readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {sessionOnOwnSandbox, sessionOnSandbox} from '../../support/open-session.ts';
import {createShellLessPod} from '../../support/sandbox-client.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';
import type {TestScreen} from '../../support/test-screen.ts';

test('a directory of the selected pod is copied to a typed path, and a file back into it', async t => {
	const folder = await temporaryDirectory(t);
	const {session} = await sessionOnSandbox(t, [], {columns: 160});
	await openCopyForm(session, 'toolbox');
	session.type('/etc');
	await session.sees(/from toolbox-\S+:\/etc to \//);
	session.press('move.down');
	// Replaces the suggested directory.
	session.type(folder);
	await session.sees(new RegExp(`spoke cp -n default toolbox-\\S+:/etc ${folder} -c `));
	session.press('accept');
	await session.sees(/copied 4 files, 1 directory/);
	t.deepEqual((await readdir(folder)).toSorted(), ['app', 'hostname', 'hosts', 'os-release']);
	t.regex(await readFile(join(folder, 'app/config.yaml'), 'utf8'), /^listen: 8080\n/);
	session.press('files');
	await session.sees(/Copy files of toolbox-/);
	session.press('value.next');
	session.type(join(folder, 'hosts'));
	await session.sees(new RegExp(`from ${folder}/hosts to toolbox-\\S+:/tmp/`));
	session.press('accept');
	await session.sees(/copied 1 file/);
});

test('a copy from a container without a shell offers a debug container, and goes through it', async t => {
	const folder = await temporaryDirectory(t);
	const {session, sandbox} = await sessionOnOwnSandbox(t, [], {columns: 160});
	await createShellLessPod(sandbox);
	await openCopyForm(session, 'scratch');
	session.type('/etc/hostname');
	session.press('move.down');
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
		await session.sees(/Copy files of toolbox-/);
		session.type('/etc/hostname');
		session.press('move.down');
		session.type(folder);
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

test('only the direction turns a copy round, and then both ends change', async t => {
	const {session} = await sessionOnSandbox(t, [], {columns: 160});
	await openCopyForm(session, 'toolbox');
	session.type('/etc/hosts');
	session.press('clear');
	session.type('/bin/sh');
	await session.sees(/from toolbox-\S+:\/bin\/sh to \/\S+/);
	session.press('move.up', 'value.next');
	await session.sees(/from \/bin\/sh to toolbox-\S+:\/tmp\/, where a file of that name/);
	session.press('value.previous');
	await session.sees(/from toolbox-\S+:\/bin\/sh to \/\S+/);
	t.regex(session.text(), /Direction +◂ toolbox-\S+ to this machine ▸/);
});

test('a copy to a pod of a local path that does not exist is refused in the form', async t => {
	const {session} = await sessionOnSandbox(t, [], {columns: 120});
	await openCopyForm(session, 'toolbox');
	session.press('value.next');
	session.type('/no/such/file\r');
	await session.sees(/\/no\/such\/file does not exist on this machine/);
	t.notRegex(session.text(), /copy +toolbox/);
});

test('why of a failed copy shows its path, and that the container failed', async t => {
	const {session} = await sessionOnSandbox(t, [], {columns: 120});
	await openCopyForm(session, 'toolbox');
	session.type('/no/such/file\r');
	await session.sees(/no such file or directory in the container/);
	session.press('why');
	await session.sees(/LEG[\s\S]*Error in the container/);
});

async function openCopyForm(session: TestScreen, pod: string): Promise<void> {
	await session.sees(new RegExp(`${pod}\\S* +.*Running`));
	session.type(`/${pod}\r`);
	session.press('files');
	await session.sees(new RegExp(`Copy files of ${pod}`));
}

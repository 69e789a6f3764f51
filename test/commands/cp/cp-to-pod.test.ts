import {execFile} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {lstat, mkdir, readdir, readFile, readlink, stat, symlink, utimes, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {promisify} from 'node:util';
import test from 'ava';
import {copy, copyObjects, programPath, startCopyServer, testWith, writeOddTree} from '../../support/copy-server.ts';

const run = promisify(execFile);

for (const [shell, ...rest] of [['sh'], ['busybox', 'sh'], ['bash', '--posix']] as Array<[string, ...string[]]>) {
	testWith(shell)(`a folder arrives in a container with ${[shell, ...rest].join(' ')}: names, content, modes, times and links`, async t => {
		const server = await startCopyServer(t, {shell: [shell, ...rest]});
		const source = join(server.local, 'tree');
		await writeOddTree(source);
		await symlink('/etc/passwd', join(source, 'outside'));
		await utimes(join(source, 'sub'), 1_500_000_000, 1_500_000_000);
		const {status, stderr} = await copy(server, source, `web:${server.remote}`);
		t.is(status, 0, stderr);
		t.regex(stderr, /^copied 18 files, 3 directories, 2 links, 3\.0 MB in .* · same sha256 checksum on both ends\n$/);
		const there = join(server.remote, 'tree');
		await run('diff', ['-r', '--no-dereference', source, there]);
		t.deepEqual(await readdir(server.remote), ['tree']);
		t.is((await stat(join(there, 'sub/with space'))).mode & 0o777, 0o755);
		t.is((await stat(join(there, 'sub/with space'))).mtimeMs, 1_600_000_001_000);
		t.is((await stat(join(there, 'sub'))).mtimeMs, 1_500_000_000_000);
		t.is(await readlink(join(there, 'outside')), '/etc/passwd');
	});
}

test('a file or folder takes the name of the destination, or goes into a directory', async t => {
	const server = await startCopyServer(t);
	const [source, remote] = [join(server.local, 'a.txt'), server.remote];
	await writeFile(source, 'content\n');
	await mkdir(join(server.local, 'folder'));
	await writeFile(join(server.local, 'folder/inner'), 'inner\n');
	await writeFile(join(remote, 'old'), 'old');
	await symlink('old', join(remote, 'link'));
	await mkdir(join(remote, 'there'));
	for (const destination of [`${remote}/new`, `${remote}/old`, `${remote}/link`, `${remote}/there/`, 'relative']) {
		t.like(await copy(server, source, `default/web:${destination}`, '-q'), {status: 0, stderr: '', stdout: ''}, destination);
	}

	for (const name of ['new', 'old', 'link', 'there/a.txt', 'relative']) {
		t.is(await readFile(join(remote, name), 'utf8'), 'content\n', name);
	}

	t.true((await lstat(join(remote, 'link'))).isFile(), 'a link is replaced, not followed');
	t.is((await copy(server, join(server.local, 'folder'), `web:${remote}/renamed`)).status, 0);
	t.is((await copy(server, join(server.local, 'folder/'), `web:${remote}/there`)).status, 0);
	t.is(await readFile(join(remote, 'renamed/inner'), 'utf8'), 'inner\n');
	t.is(await readFile(join(remote, 'there/folder/inner'), 'utf8'), 'inner\n');
	for (const [argv, status, says] of [
		[[source, `web:${remote}/no/such`], 8, /no\/such: its directory is not in the container.*\[ERR_NOT_FOUND\]/],
		[[join(server.local, 'gone'), `web:${remote}`], 14, /gone: no such file or directory.*\[ERR_LOCAL_FILE\]/],
		[[join(server.local, 'folder'), `web:${remote}/old`], 1, /old is a file in the container, and the source is a directory/],
	] as Array<[string[], number, RegExp]>) {
		const ended = await copy(server, ...argv);
		t.is(ended.status, status);
		t.regex(ended.stderr, says);
	}
});

test('a container whose dd cannot fill its blocks from a pipe is not written to', async t => {
	const server = await startCopyServer(t, {programs: ['sh', 'cat', 'stat', 'head', 'mv', 'readlink', 'sha256sum']});
	await symlink(programPath('false'), join(server.remote, '../bin/dd'));
	await writeFile(join(server.local, 'a'), 'one');
	const {status, stderr} = await copy(server, join(server.local, 'a'), 'web:a');
	t.is(status, 1);
	t.regex(stderr, /^error: the image has no dd with iflag=fullblock \(pass --debug-image=busybox /);
	t.deepEqual(await readdir(server.remote), []);
});

test('a file to a container starts again after its stream was lost', async t => {
	const server = await startCopyServer(t, {inputCuts: [3_000_000, 3_000_000]});
	const content = randomBytes(8_000_000);
	await writeFile(join(server.local, 'big'), content);
	const ended = await copy(server, join(server.local, 'big'), 'web:big', '-o', 'json');
	t.is(ended.status, 0, ended.stderr);
	t.true(content.equals(await readFile(join(server.remote, 'big'))));
	t.is(copyObjects(ended).at(-1)!['losses'], 2);
	t.is(server.upgrades.length, 3);
	t.deepEqual(await readdir(server.remote), ['big']);
});

test('a container that stores other bytes keeps the old file, and the exit status is 1', async t => {
	const server = await startCopyServer(t, {
		changeInput: bytes => (bytes.includes('needle') ? Buffer.from(bytes.toString('latin1').replace('needle', 'Needle'), 'latin1') : bytes),
	});
	await writeFile(join(server.local, 'a'), 'needle');
	await writeFile(join(server.remote, 'a'), 'old');
	const {status, stderr} = await copy(server, join(server.local, 'a'), 'web:a');
	t.is(status, 1);
	t.regex(stderr, /^not copied: .*a: the checksums differ$/m);
	t.is(await readFile(join(server.remote, 'a'), 'utf8'), 'old');
	t.deepEqual(await readdir(server.remote), ['a']);
});

test('losses without progress end a copy to a container, and its temporary file is removed', async t => {
	const server = await startCopyServer(t, {inputCuts: [2_000_000, 20, 20]});
	await writeFile(join(server.local, 'big'), randomBytes(4_000_000));
	const {status, stderr} = await copy(server, join(server.local, 'big'), 'web:big', '--retries=2');
	t.is(status, 13, stderr);
	t.deepEqual(await readdir(server.remote), []);
});

test('a special file of this machine is not copied, and has a line', async t => {
	const server = await startCopyServer(t);
	const source = join(server.local, 'tree');
	await mkdir(source);
	await run('mkfifo', [join(source, 'pipe')]);
	await writeFile(join(source, 'fine'), 'fine');
	const {status, stderr} = await copy(server, source, 'web:copy');
	t.is(status, 1);
	t.regex(stderr, /^not copied: pipe: it is a device, a pipe or a socket$/m);
	t.deepEqual(await readdir(join(server.remote, 'copy')), ['fine']);
});

test('a pipe of the container, or a link to one, is not replaced by a file', async t => {
	const server = await startCopyServer(t);
	const source = join(server.local, 'pipe');
	await writeFile(source, 'new');
	await mkdir(join(server.local, 'tree'));
	await writeFile(join(server.local, 'tree/pipe'), 'new');
	await run('mkfifo', [join(server.remote, 'pipe')]);
	await symlink('pipe', join(server.remote, 'link'));
	for (const name of ['pipe', 'link']) {
		const {status, stderr} = await copy(server, source, `web:${name}`);
		t.is(status, 1);
		t.regex(stderr, new RegExp(`^error: ${name} is a device, a pipe or a socket in the container, and is not replaced `));
	}

	t.regex((await copy(server, join(server.local, 'tree'), 'web:pipe')).stderr, /is not replaced .*\[ERR_COPY_INCOMPLETE\]$/m);
	t.like(await copy(server, source, `web:${server.remote}`), {
		status: 1,
		stderr: `not copied: ${source}: a device, a pipe or a socket has its name\nerror: 1 entry of ${source} not copied [ERR_COPY_INCOMPLETE]\n`,
	});
	t.true((await lstat(join(server.remote, 'pipe'))).isFIFO());
	t.true((await lstat(join(server.remote, 'link'))).isSymbolicLink());
	t.deepEqual((await readdir(server.remote)).toSorted(), ['link', 'pipe']);
});

test('the reason of mv for a file that it cannot put in place is printed', async t => {
	const server = await startCopyServer(t);
	await writeFile(join(server.local, 'a'), 'new');
	const {status, stderr} = await copy(server, join(server.local, 'a'), `web:${'x'.repeat(300)}`);
	t.is(status, 1);
	t.regex(stderr, /^not copied: .*a: it could not be put in place: mv: File name too long$/m);
	t.deepEqual(await readdir(server.remote), []);
});

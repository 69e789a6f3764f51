import {execFile} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {rmSync} from 'node:fs';
import {chmod, lstat, mkdir, readdir, readFile, readlink, stat, symlink, truncate, utimes, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {promisify} from 'node:util';
import test from 'ava';
import {quoteForShell} from '../../../source/base/text/escaping.ts';
import {copy, copyObjects, startCopyServer, testWith, writeOddTree} from '../../support/copy-server.ts';
import {builtProgram, runSpoke} from '../../support/run-spoke.ts';

const run = promisify(execFile);
const onLinux = process.platform === 'linux' ? test : test.skip;

for (const [shell, ...rest] of [['sh'], ['busybox', 'sh'], ['bash', '--posix'], ['bash']] as Array<[string, ...string[]]>) {
	testWith(shell)(`a folder arrives with ${[shell, ...rest].join(' ')}: names, content, modes, times and links`, async t => {
		const server = await startCopyServer(t, {shell: [shell, ...rest]});
		const source = join(server.remote, 'tree');
		const names = await writeOddTree(source);
		await symlink('../plain', join(source, 'sub/up'));
		await utimes(join(source, 'sub'), 1_500_000_000, 1_500_000_000);
		const {status, stderr} = await copy(server, `web:${source}`, server.local);
		t.is(
			stderr.replace(/ in [\d.]+ s/, ''),
			`copied ${names.length + 2} files, 2 directories, 2 links, 3.0 MB · same sha256 checksum on both ends\n`,
		);
		t.is(status, 0);
		await run('diff', ['-r', '--no-dereference', source, server.local]);
		for (const name of names) {
			const [here, there] = await Promise.all(
				[server.local, source].map(async root => stat(Buffer.concat([Buffer.from(`${root}/sub/`), name]))),
			);
			t.is(here!.mode, there!.mode, name.toString());
			t.is(Math.floor(here!.mtimeMs / 1000), Math.floor(there!.mtimeMs / 1000), name.toString());
		}

		t.is((await stat(join(server.local, 'sub'))).mtimeMs, 1_500_000_000_000);
		t.is(await readlink(join(server.local, 'sub/up')), '../plain');
	});
}

test('a file takes the name of the destination, or goes into a folder', async t => {
	const server = await startCopyServer(t);
	const [source, local] = [join(server.remote, 'a.txt'), server.local];
	await writeFile(source, 'content\n');
	await writeFile(join(local, 'old'), 'old');
	await mkdir(join(local, 'folder'));
	for (const destination of ['new', 'old', 'folder', 'folder/']) {
		t.like(await copy(server, `default/web:${source}`, join(local, destination), '-q'), {status: 0, stderr: '', stdout: ''});
	}

	t.like(await copy(server, 'pod/web:a.txt/', join(local, 'relative')), {status: 0}, 'relative to the working directory');
	for (const name of ['new', 'old', 'folder/a.txt', 'relative']) {
		t.is(await readFile(join(local, name), 'utf8'), 'content\n', name);
	}

	t.regex((await copy(server, `web:${source}`, join(local, 'old/'))).stderr, /old\/: not a directory.*\[ERR_LOCAL_FILE\]/);
	t.regex((await copy(server, `web:${server.remote}`, join(local, 'old'))).stderr, /old is a file, and the source is a directory/);
	t.deepEqual((await readdir(local)).toSorted(), ['folder', 'new', 'old', 'relative']);
});

test('a single file creates the missing directories of its destination, as in kubectl', async t => {
	const server = await startCopyServer(t);
	await writeFile(join(server.remote, 'a.txt'), 'new');
	await writeFile(join(server.local, 'file'), 'old');
	await mkdir(join(server.local, 'folder'));
	await symlink('folder', join(server.local, 'link'));
	for (const destination of ['deep/er/x', 'link/in/x', 'missing/']) {
		t.like(await copy(server, 'web:a.txt', `${server.local}/${destination}`, '-q'), {status: 0, stderr: ''});
	}

	for (const name of ['deep/er/x', 'folder/in/x', 'missing']) {
		t.is(await readFile(join(server.local, name), 'utf8'), 'new', name);
	}

	const {status, stderr} = await copy(server, 'web:a.txt', join(server.local, 'file/x'));
	t.is(status, 14);
	t.regex(stderr, /file\/x: not a directory \[ERR_LOCAL_FILE\]$/m);
	t.is(await readFile(join(server.local, 'file'), 'utf8'), 'old');
	t.like(await copy(server, 'web:gone.txt', join(server.local, 'unused/x')), {stdout: ''});
	t.deepEqual((await readdir(server.local)).toSorted(), ['deep', 'file', 'folder', 'link', 'missing']);
});

test('a link that the user names as the destination stays, and its file is replaced', async t => {
	const server = await startCopyServer(t);
	await writeFile(join(server.remote, 'a.txt'), 'new');
	const elsewhere = join(server.local, 'elsewhere');
	await mkdir(elsewhere);
	await writeFile(join(elsewhere, 'link'), 'old');
	await symlink('elsewhere/link', join(server.local, 'link'));
	t.like(await copy(server, 'web:a.txt', join(server.local, 'link'), '-q'), {status: 0, stderr: ''});
	t.is(await readlink(join(server.local, 'link')), 'elsewhere/link');
	t.is(await readFile(join(elsewhere, 'link'), 'utf8'), 'new');

	await symlink('nothing', join(server.local, 'dangling'));
	const {status, stderr} = await copy(server, 'web:a.txt', join(server.local, 'dangling'));
	t.is(status, 14);
	t.regex(stderr, /dangling is a link to a file that does not exist \[ERR_LOCAL_FILE\]$/m);
	t.deepEqual(await readdir(elsewhere), ['link']);
});

test('a link in the destination directory is replaced, and its file stays', async t => {
	const server = await startCopyServer(t);
	await writeFile(join(server.remote, 'a.txt'), 'new');
	await mkdir(join(server.local, 'elsewhere'));
	await writeFile(join(server.local, 'elsewhere/a.txt'), 'old');
	await symlink('elsewhere/a.txt', join(server.local, 'a.txt'));
	t.like(await copy(server, 'web:a.txt', server.local, '-q'), {status: 0, stderr: ''});
	t.true((await lstat(join(server.local, 'a.txt'))).isFile());
	t.is(await readFile(join(server.local, 'a.txt'), 'utf8'), 'new');
	t.is(await readFile(join(server.local, 'elsewhere/a.txt'), 'utf8'), 'old');
});

test('a pipe, or a link to one, is not replaced by a file', async t => {
	const server = await startCopyServer(t);
	await writeFile(join(server.remote, 'pipe'), 'new');
	const pipe = join(server.local, 'pipe');
	await run('mkfifo', [pipe]);
	await symlink('pipe', join(server.local, 'link'));
	for (const [source, destination] of [
		['pipe', 'pipe'],
		['pipe', 'link'],
		['pipe', ''],
		['.', 'pipe'],
	] as const) {
		const {status, stderr} = await copy(server, `web:${source}`, join(server.local, destination));
		t.is(status, 14);
		t.regex(stderr, /^error: \S+ is a device, a pipe or a socket, and a copy does not replace it.* \[ERR_LOCAL_FILE\]\n$/);
	}

	t.true((await lstat(pipe)).isFIFO());
	t.true((await lstat(join(server.local, 'link'))).isSymbolicLink());
	t.deepEqual((await readdir(server.local)).toSorted(), ['link', 'pipe']);
});

onLinux('the file that stdout is written to is not replaced', async t => {
	const server = await startCopyServer(t);
	await writeFile(join(server.remote, 'a'), 'new');
	const output = join(server.local, 'output');
	await writeFile(output, 'before\n');
	// Not /dev/stdout: a fault would replace that of this machine.
	const link = join(server.local, 'link');
	await symlink('/proc/self/fd/1', link);
	const command = [process.execPath, builtProgram, 'cp', ...server.config, 'web:a', link].map(word => quoteForShell(word)).join(' ');
	const ended = run('sh', ['-c', `${command} >>${quoteForShell(output)}`]);
	const {code, stderr} = await t.throwsAsync<Error & {code: number; stderr: string}>(ended);
	t.is(code, 14);
	t.regex(stderr, /link is the output of this command, and a copy does not replace it/);
	t.is(await readFile(output, 'utf8'), 'before\n');
});

onLinux('a file of /proc that has no size is not copied', async t => {
	const server = await startCopyServer(t);
	const {status, stderr} = await copy(server, 'web:/proc/version', join(server.local, 'version'));
	t.is(status, 1);
	t.regex(stderr, /^not copied: \/proc\/version: it has content, but its size is 0, .*spoke exec POD -- cat FILE$/m);
	t.deepEqual(await readdir(server.local), []);
});

test('an image that lacks programs is one error, which names them and a debug container', async t => {
	const server = await startCopyServer(t, {programs: ['sh', 'cat', 'stat', 'head', 'mv', 'dd']});
	await writeFile(join(server.remote, 'a'), 'one');
	t.like(await copy(server, 'web:.', server.local), {
		status: 1,
		stderr:
			'error: the image has no sha256sum, readlink (pass --debug-image=busybox to add a debug container to the pod and copy through it) [ERR_COPY_INCOMPLETE]\n',
	});
	t.deepEqual(await readdir(server.local), []);
});

test('--no-preserve gives files the mode and time of new files', async t => {
	const server = await startCopyServer(t);
	const source = join(server.remote, 'a');
	await writeFile(source, 'x', {mode: 0o700});
	await utimes(source, 1_500_000_000, 1_500_000_000);
	t.is((await copy(server, `web:${source}`, server.local, '--no-preserve')).status, 0);
	const {mode, mtimeMs} = await stat(join(server.local, 'a'));
	t.is(mode & 0o111, 0);
	t.true(mtimeMs > 1_600_000_000_000);
});

test('a long hole is a hole here too', async t => {
	const server = await startCopyServer(t);
	const source = join(server.remote, 'sparse');
	await writeFile(source, 'start');
	await truncate(source, 20_000_000);
	t.is((await copy(server, `web:${source}`, server.local)).status, 0);
	const {size, blocks} = await stat(join(server.local, 'sparse'));
	t.is(size, 20_000_000);
	t.true(blocks * 512 < 2_000_000, `${blocks} blocks`);
});

test('a file starts again after its stream was lost', async t => {
	const server = await startCopyServer(t, {cuts: [2_000_000, 1_500_000]});
	const content = randomBytes(5_000_000);
	await writeFile(join(server.remote, 'big'), content);
	const ended = await copy(server, 'web:big', join(server.local, 'big'), '-o', 'json');
	t.is(ended.status, 0, ended.stderr);
	t.true(content.equals(await readFile(join(server.local, 'big'))));
	t.is(copyObjects(ended).at(-1)!['losses'], 2);
	t.regex(ended.stderr, /continuing with what is not copied yet in 0\.5 s \(retry 1\)/);
	t.is(server.upgrades.length, 3);
	t.deepEqual(await readdir(server.local), ['big']);
});

test('a folder continues with the files that are missing', async t => {
	const server = await startCopyServer(t, {cuts: [400_000, 400_000]});
	for (let index = 0; index < 200; index++) {
		await writeFile(join(server.remote, `f${index}`), randomBytes(5000));
	}

	const {status, stderr} = await copy(server, 'web:.', server.local);
	t.is(status, 0, stderr);
	await run('diff', ['-r', server.remote, server.local]);
});

test('losses without progress end the copy with status 13 and leave the old file', async t => {
	const server = await startCopyServer(t, {cuts: [1_000_000, 30, 30]});
	await writeFile(join(server.remote, 'big'), randomBytes(3_000_000));
	await writeFile(join(server.local, 'big'), 'old');
	const {status, stderr} = await copy(server, 'web:big', server.local, '--retries=2');
	t.is(status, 13, stderr);
	t.regex(stderr, /\[ERR_STREAM_LOST\]/);
	t.is(await readFile(join(server.local, 'big'), 'utf8'), 'old');
	t.deepEqual(await readdir(server.local), ['big']);
});

test('a file that is gone after a lost stream is not copied', async t => {
	let received = 0;
	const server = await startCopyServer(t, {
		cuts: [1_000_000],
		change(bytes, index) {
			received += bytes.length;
			if (index === 0 && received > 500_000) {
				rmSync(join(server.remote, 'a'), {force: true});
			}

			return bytes;
		},
	});
	await writeFile(join(server.remote, 'a'), randomBytes(3_000_000));
	const {status, stderr} = await copy(server, 'web:.', server.local);
	t.is(status, 1, stderr);
	t.regex(stderr, /^not copied: a: it was removed while it was copied$/m);
	t.deepEqual(await readdir(server.local), []);
});

test('a changed byte is noticed, and the file is not replaced', async t => {
	const server = await startCopyServer(t, {
		change(bytes) {
			const at = bytes.indexOf('needle');
			return at < 0 ? bytes : Buffer.concat([bytes.subarray(0, at), Buffer.from('N'), bytes.subarray(at + 1)]);
		},
	});
	await writeFile(join(server.remote, 'a'), 'needle');
	await writeFile(join(server.remote, 'b'), 'hay');
	await writeFile(join(server.local, 'a'), 'old');
	const ended = await copy(server, 'web:.', server.local, '-o', 'json');
	t.is(ended.status, 1);
	t.regex(ended.stderr, /not copied: a: .*the checksums differ/);
	t.regex(ended.stderr, /\[ERR_COPY_INCOMPLETE\]/);
	t.deepEqual(
		copyObjects(ended)
			.filter(({kind}) => kind === 'CopyEntry')
			.map(({path, result}) => [path, result])
			.toSorted(),
		[
			['a', 'failed'],
			['b', 'copied'],
		],
	);
	t.is(await readFile(join(server.local, 'a'), 'utf8'), 'old');
	t.is(await readFile(join(server.local, 'b'), 'utf8'), 'hay');
	t.deepEqual((await readdir(server.local)).toSorted(), ['a', 'b']);
});

test('links that lead out and special files are named, and the exit status is 1', async t => {
	const server = await startCopyServer(t);
	await run('mkfifo', [join(server.remote, 'pipe')]);
	await symlink('/etc/passwd', join(server.remote, 'absolute'));
	await writeFile(join(server.remote, 'suid'), 'x');
	await chmod(join(server.remote, 'suid'), 0o6755);
	const {status, stderr} = await copy(server, 'web:.', server.local);
	t.is(status, 1);
	t.regex(stderr, /^not copied: pipe: it is a device, a pipe or a socket$/m);
	t.regex(stderr, /^not copied: absolute: its target is absolute: \/etc\/passwd$/m);
	t.regex(stderr, /^error: 2 entries of \. not copied \[ERR_COPY_INCOMPLETE\]$/m);
	t.deepEqual(await readdir(server.local), ['suid']);
	t.is((await stat(join(server.local, 'suid'))).mode & 0o7777, 0o755);
});

test('a link that is already in the destination is not followed, and a link is replaced', async t => {
	const server = await startCopyServer(t);
	await mkdir(join(server.remote, 'out'));
	await writeFile(join(server.remote, 'out/file'), 'new');
	await writeFile(join(server.remote, 'leaf'), 'new');
	const elsewhere = join(server.local, '..', 'elsewhere');
	await mkdir(elsewhere);
	await writeFile(join(elsewhere, 'leaf'), 'old');
	await symlink(elsewhere, join(server.local, 'out'));
	await symlink(join(elsewhere, 'leaf'), join(server.local, 'leaf'));
	const {status, stderr} = await copy(server, 'web:.', server.local);
	t.is(status, 1);
	t.regex(stderr, /not copied: out: /);
	t.deepEqual(await readdir(elsewhere), ['leaf']);
	t.is(await readFile(join(elsewhere, 'leaf'), 'utf8'), 'old');
	t.true((await lstat(join(server.local, 'leaf'))).isFile());
});

test('a file that a directory keeps from its place is not verified', async t => {
	const server = await startCopyServer(t);
	await writeFile(join(server.remote, 'a'), 'new');
	await mkdir(join(server.local, 'a'));
	const ended = await copy(server, 'web:.', server.local, '-o', 'json');
	t.like(copyObjects(ended)[0], {path: 'a', result: 'failed', reason: 'is a directory', checksum: null});
	t.deepEqual(await readdir(server.local), ['a']);
});

test('a file that cannot be written is named, even if its stream is lost', async t => {
	const server = await startCopyServer(t, {cuts: [500_000]});
	await mkdir(join(server.remote, 'taken'));
	await writeFile(join(server.remote, 'taken/big'), randomBytes(1_000_000));
	await writeFile(join(server.local, 'taken'), 'old');
	const {status, stderr} = await copy(server, 'web:.', server.local);
	t.is(status, 1);
	t.regex(stderr, /^not copied: taken\/big: not a directory$/m);
	t.is(server.upgrades.length, 2);
});

for (const [title, argv, says] of [
	['no destination', ['web:/a'], /expected SOURCE and DESTINATION, got 1/],
	['two local paths', ['./a', 'b'], /"\.\/a" and "b" are both on this machine/],
	['two remote paths', ['web:/a', 'web:/b'], /"web:\/a" and "web:\/b" are both in containers/],
	['an empty path', ['web:', '.'], /"web:" has no path/],
	['an absolute path', ['/web:a', '.'], /are both on this machine/],
	['too many slashes', ['a/b/c/d:e', '.'], /has too many slashes/],
] as Array<[string, string[], RegExp]>) {
	test(`${title} is an error of usage`, async t => {
		const {status, stderr} = await runSpoke(['cp', '--kubeconfig', '/nonexistent', ...argv]);
		t.is(status, 2);
		t.regex(stderr, says);
	});
}

test('--read-only refuses a copy before any request', async t => {
	const {status, stderr} = await runSpoke(['cp', '--kubeconfig', '/nonexistent', '--read-only', 'web:/a', '.']);
	t.is(status, 2);
	t.regex(stderr, /^error: cp is refused: --read-only is set.*\[ERR_READ_ONLY\]$/m);
});

test('a source that is missing or special is one line', async t => {
	const server = await startCopyServer(t);
	t.like(await copy(server, 'web:/no/such', server.local), {
		status: 8,
		stderr: 'error: /no/such: no such file or directory in the container [ERR_NOT_FOUND]\n',
	});
	t.regex((await copy(server, 'web:/dev/null', server.local)).stderr, /\/dev\/null is a device, a pipe or a socket/);
});

/** The cache of compiled code of the built program. */
import {chmod, chown, lstat, mkdir, readdir, readFile, rename, stat, symlink, utimes, writeFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import process from 'node:process';
import test from 'ava';
import {isGrowthCheckDue} from '../source/code-cache.ts';
import {runSpoke} from './support/run-spoke.ts';
import {openSandbox} from './support/sandbox.ts';
import {temporaryDirectory} from './support/temporary-directory.ts';
import {openTerminal} from './support/terminal.ts';

test('stores code in a private directory, and a second run behaves the same', async t => {
	const cache = await temporaryDirectory(t);
	const first = await runSpoke(['version'], {env: {XDG_CACHE_HOME: cache}});
	t.is((await stat(join(cache, 'spoke'))).mode & 0o777, 0o700);
	t.deepEqual([...(await storedFiles(cache)).keys()], ['cli.js', 'commands-version.js']);
	t.deepEqual(await runSpoke(['version'], {env: {XDG_CACHE_HOME: cache}}), first);
});

test('stores code with paths apart', async t => {
	const cache = await temporaryDirectory(t);
	const {env} = await openSandbox(t);
	for (const flags of [[], ['--path=json']]) {
		t.is((await runSpoke(['logs', 'db-0', ...flags], {env: {KUBECONFIG: env['KUBECONFIG'], XDG_CACHE_HOME: cache}})).status, 0);
	}

	const stored = await storedFiles(cache);
	t.deepEqual([...stored.keys()], ['cli.js', 'commands-logs.js', 'with-paths-cli.js', 'with-paths-commands-logs.js']);
	t.true(stored.get('with-paths-commands-logs.js')!.size > stored.get('commands-logs.js')!.size);
});

test('a second session uses the compiled code of the first', async t => {
	const cache = await temporaryDirectory(t);
	const {env} = await openSandbox(t);
	const runSession = async () => {
		const terminal = await openTerminal(t, [], {
			env: {KUBECONFIG: env['KUBECONFIG'], XDG_CACHE_HOME: cache},
			home: await temporaryDirectory(t),
		});
		await terminal.sees(/db-0/);
		terminal.signal('SIGTERM');
		t.is(await terminal.ended(), 143);
		return storedFiles(cache);
	};

	const first = await runSession();
	t.true(first.has('with-paths-parts-run-session.js'));
	// V8 replaces code that it rejects, by a file with another inode.
	t.deepEqual([...(await runSession())], [...first]);
});

test('a later run adds the functions that it called, at most once a minute', async t => {
	const cache = await temporaryDirectory(t);
	const {env} = await openSandbox(t);
	const storedAfter = async (...args: string[]) => {
		t.is((await runSpoke(['logs', ...args], {env: {KUBECONFIG: env['KUBECONFIG'], XDG_CACHE_HOME: cache}})).status, 0);
		return (await storedFiles(cache)).get('commands-logs.js')!;
	};

	const first = await storedAfter('db-0');
	t.deepEqual(await storedAfter('-l', 'app=web', '--prefix', '-o', 'json'), first);
	await makeOlder(first.path);
	const second = await storedAfter('-l', 'app=web', '--prefix', '-o', 'json');
	t.true(second.size > first.size);
	await makeOlder(second.path);
	t.deepEqual(await storedAfter('db-0'), second);
});

test('growth is checked after one minute, then each time the age has doubled', t => {
	const minuteMs = 60_000;
	for (const [written, checked, now, isDue] of [
		[1000, 1000, 1000.9, false],
		[1000, 1000, 1001, true],
		[1000, 1005, 1009.9, false],
		[1000, 1005, 1010, true],
		// The file system has no birth times.
		[0, 1005, 1006, true],
		// A file that was restored with an older time.
		[1000, 900, 901, true],
	] as const) {
		const stored = {birthtimeMs: written * minuteMs, mtimeMs: checked * minuteMs};
		t.is(isGrowthCheckDue(stored, now * minuteMs), isDue, `${written} ${checked} ${now}`);
	}
});

test('the first run of a build removes code that was stored more than 30 days ago', async t => {
	const cache = await temporaryDirectory(t);
	const [old, recent] = ['0123456789abcdef-v24.1.0-x64', '0123456789abcdef-v24.2.0-x64'];
	for (const [name, days] of [
		[old, 31],
		[recent, 29],
		['other', 31],
	] as const) {
		await mkdir(join(cache, 'spoke', name), {recursive: true, mode: 0o700});
		await writeFile(join(cache, 'spoke', name, 'logs.js'), '');
		const time = Date.now() / 1000 - days * 24 * 60 * 60;
		await utimes(join(cache, 'spoke', name), time, time);
	}

	await runSpoke(['version'], {env: {XDG_CACHE_HOME: cache}});
	const names = await readdir(join(cache, 'spoke'));
	t.deepEqual(
		[old, recent, 'other'].filter(name => names.includes(name)),
		[recent, 'other'],
	);
});

test('stores nothing of a command that failed early', async t => {
	const cache = await temporaryDirectory(t);
	await noKubeconfig({XDG_CACHE_HOME: cache});
	t.is((await storedFiles(cache)).size, 0);
});

test('compiles again and replaces code that V8 rejects', async t => {
	const cache = await temporaryDirectory(t);
	const first = await runSpoke(['version'], {env: {XDG_CACHE_HOME: cache}});
	const stored = await storedFiles(cache);
	const {path, size} = stored.get('commands-version.js')!;
	for (const content of [Buffer.alloc(size), (await readFile(path)).subarray(0, size / 2), Buffer.alloc(0)]) {
		await writeFile(path, content);
		t.deepEqual(await runSpoke(['version'], {env: {XDG_CACHE_HOME: cache}}), first);
		t.is((await storedFiles(cache)).get('commands-version.js')!.size, size);
	}
});

test('stores nothing with NODE_DISABLE_COMPILE_CACHE=1', async t => {
	const cache = await temporaryDirectory(t);
	await runSpoke(['version'], {env: {XDG_CACHE_HOME: cache, NODE_DISABLE_COMPILE_CACHE: '1'}});
	t.deepEqual(await readdir(cache), []);
});

test('ignores a relative XDG_CACHE_HOME and uses ~/.cache', async t => {
	const home = await temporaryDirectory(t);
	await runSpoke(['version'], {env: {XDG_CACHE_HOME: 'here', HOME: home}});
	t.true((await readdir(join(home, '.cache', 'spoke'))).length > 0);
});

for (const name of ['spoke', '']) {
	test(`writes nothing if others can write to the directory ${name === '' ? 'above its own' : 'of the cache'}`, async t => {
		const cache = await temporaryDirectory(t);
		await mkdir(join(cache, 'spoke'));
		await chmod(join(cache, name), 0o777);
		t.is((await runSpoke(['version'], {env: {XDG_CACHE_HOME: cache}})).status, 0);
		t.deepEqual(await readdir(join(cache, 'spoke')), []);
	});
}

test('replaces stored code that another user could have written', async t => {
	const cache = await temporaryDirectory(t);
	await runSpoke(['version'], {env: {XDG_CACHE_HOME: cache}});
	const {path, inode} = (await storedFiles(cache)).get('commands-version.js')!;
	for (const spoil of [
		async () => chmod(path, 0o666),
		async () => {
			await rename(path, `${path}.moved`);
			await symlink(`${path}.moved`, path);
		},
	]) {
		await spoil();
		await runSpoke(['version'], {env: {XDG_CACHE_HOME: cache}});
		const stats = await lstat(path);
		t.true(stats.isFile());
		t.is(stats.mode & 0o777, 0o600);
		t.not(stats.ino, inode);
	}
});

test('does not follow a symbolic link to a directory', async t => {
	const cache = await temporaryDirectory(t);
	const elsewhere = await temporaryDirectory(t);
	await symlink(elsewhere, join(cache, 'spoke'));
	t.is((await noKubeconfig({XDG_CACHE_HOME: cache})).status, 5);
	t.deepEqual(await readdir(elsewhere), []);
});

test('creates nothing in the home of another user', async t => {
	const isRoot = process.getuid?.() === 0;
	const home = isRoot ? await temporaryDirectory(t) : '/';
	if (isRoot) {
		await chown(home, 65_534, 65_534);
	}

	t.is((await runSpoke(['version'], {env: {XDG_CACHE_HOME: '', HOME: home}})).status, 0);
	t.false((await readdir(home)).includes('.cache'));
});

test('runs without a warning when no directory can be created', async t => {
	const {stderr} = await noKubeconfig({});
	const cache = await temporaryDirectory(t);
	await writeFile(join(cache, 'file'), '');
	t.like(await noKubeconfig({XDG_CACHE_HOME: join(cache, 'file')}), {status: 5, stderr});
	t.is((await noKubeconfig({XDG_CACHE_HOME: '', HOME: ''})).status, 5);
});

/** By name. */
async function storedFiles(cache: string): Promise<ReadonlyMap<string, {path: string; size: number; inode: number}>> {
	const paths = (await readdir(join(cache, 'spoke'), {recursive: true})).filter(path => path.endsWith('.js')).toSorted();
	const files = paths.map(async name => {
		const path = join(cache, 'spoke', name);
		const {size, ino} = await stat(path);
		return [basename(name), {path, size, inode: ino}] as const;
	});
	return new Map(await Promise.all(files));
}

async function makeOlder(path: string): Promise<void> {
	const time = Date.now() / 1000 - 120;
	await utimes(path, time, time);
}

/** Loads a command, which fails immediately. */
async function noKubeconfig(env: Readonly<Record<string, string>>) {
	return runSpoke(['logs', 'x'], {env});
}

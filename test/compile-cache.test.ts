/** The compile cache of the built program. */
import {chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {runSpoke} from './support/run-spoke.ts';

test('creates a private cache directory, and a second run behaves the same', async t => {
	const cache = await emptyDirectory(t);
	const first = await noKubeconfig({XDG_CACHE_HOME: cache});
	t.is((await stat(join(cache, 'spoke'))).mode & 0o777, 0o700);
	t.true((await readdir(join(cache, 'spoke'), {recursive: true})).length > 1);
	t.deepEqual(await noKubeconfig({XDG_CACHE_HOME: cache}), first);
});

test('ignores a relative XDG_CACHE_HOME and uses ~/.cache', async t => {
	const home = await emptyDirectory(t);
	await noKubeconfig({XDG_CACHE_HOME: 'here', HOME: home});
	t.true((await readdir(join(home, '.cache', 'spoke'))).length > 0);
});

test('writes nothing to a directory that others can write to', async t => {
	const cache = await emptyDirectory(t);
	await mkdir(join(cache, 'spoke'));
	await chmod(join(cache, 'spoke'), 0o777);
	t.is((await noKubeconfig({XDG_CACHE_HOME: cache})).status, 5);
	t.deepEqual(await readdir(join(cache, 'spoke')), []);
});

test('does not follow a symbolic link to a directory', async t => {
	const cache = await emptyDirectory(t);
	const elsewhere = await emptyDirectory(t);
	await symlink(elsewhere, join(cache, 'spoke'));
	t.is((await noKubeconfig({XDG_CACHE_HOME: cache})).status, 5);
	t.deepEqual(await readdir(elsewhere), []);
});

test('runs without a warning when no directory can be created', async t => {
	const {stderr} = await noKubeconfig({});
	const cache = await emptyDirectory(t);
	await writeFile(join(cache, 'file'), '');
	t.like(await noKubeconfig({XDG_CACHE_HOME: join(cache, 'file')}), {status: 5, stderr});
	t.is((await noKubeconfig({XDG_CACHE_HOME: '', HOME: ''})).status, 5);
});

/** Loads a command, which fails immediately. */
async function noKubeconfig(env: Readonly<Record<string, string>>) {
	return runSpoke(['logs', 'x'], {env});
}

async function emptyDirectory(t: ExecutionContext): Promise<string> {
	const directory = await mkdtemp(join(tmpdir(), 'spoke-cache-'));
	t.teardown(async () => rm(directory, {recursive: true}));
	return directory;
}

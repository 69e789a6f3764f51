/** What a start leaves for the next one, and where it leaves nothing. */
import {chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {runSpoke} from './support/run-spoke.ts';

test('compiled code is kept in a folder of the user’s own, and the program does the same with it as without', async t => {
	const cache = await emptyFolder(t);
	const first = await noKubeconfig({XDG_CACHE_HOME: cache});
	t.is((await stat(join(cache, 'spoke'))).mode & 0o777, 0o700);
	t.true((await readdir(join(cache, 'spoke'), {recursive: true})).length > 1);
	t.deepEqual(await noKubeconfig({XDG_CACHE_HOME: cache}), first);
});

test('without XDG_CACHE_HOME it is in ~/.cache; a relative one counts as none', async t => {
	const home = await emptyFolder(t);
	await noKubeconfig({XDG_CACHE_HOME: 'here', HOME: home});
	t.true((await readdir(join(home, '.cache', 'spoke'))).length > 0);
});

test('where others may write nothing is kept, since what lies there is run', async t => {
	const cache = await emptyFolder(t);
	await mkdir(join(cache, 'spoke'));
	await chmod(join(cache, 'spoke'), 0o777);
	t.is((await noKubeconfig({XDG_CACHE_HOME: cache})).status, 5);
	t.deepEqual(await readdir(join(cache, 'spoke')), []);
});

test('a link to a folder is not followed', async t => {
	const cache = await emptyFolder(t);
	const elsewhere = await emptyFolder(t);
	await symlink(elsewhere, join(cache, 'spoke'));
	t.is((await noKubeconfig({XDG_CACHE_HOME: cache})).status, 5);
	t.deepEqual(await readdir(elsewhere), []);
});

test('no folder can be made: the program runs all the same, without a word about it', async t => {
	const {stderr: told} = await noKubeconfig({});
	const cache = await emptyFolder(t);
	await writeFile(join(cache, 'file'), '');
	t.like(await noKubeconfig({XDG_CACHE_HOME: join(cache, 'file')}), {status: 5, stderr: told});
	t.is((await noKubeconfig({XDG_CACHE_HOME: '', HOME: ''})).status, 5);
});

/** A command is loaded, and fails at once. */
async function noKubeconfig(env: Readonly<Record<string, string>>) {
	return runSpoke(['logs', 'x'], {env});
}

async function emptyFolder(t: ExecutionContext): Promise<string> {
	const folder = await mkdtemp(join(tmpdir(), 'spoke-cache-'));
	t.teardown(async () => rm(folder, {recursive: true}));
	return folder;
}

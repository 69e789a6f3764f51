/** The single executable of this machine: Node, the program and its compiled code in one file. */
import {execFile} from 'node:child_process';
import {mkdir, mkdtemp, readdir, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {promisify} from 'node:util';
import test from 'ava';
import {platforms} from '../../scripts/release/release-data.ts';
import {buildSingleExecutable} from '../../scripts/release/single-executable.ts';
import {openSandbox} from '../support/sandbox.ts';

const run = promisify(execFile);
const platform = platforms.find(({os, arch}) => os === process.platform && arch === process.arch);
const folder = await mkdtemp(join(tmpdir(), 'spoke-single-'));
const home = join(folder, 'home');
const program = join(folder, 'spoke');
await mkdir(home);

test.before(async () => {
	await buildSingleExecutable(platform!, join(folder, 'scratch'), program);
});
test.after.always(async () => rm(folder, {recursive: true}));

test('runs without files beside it, and keeps none', async t => {
	const {env} = await openSandbox(t);
	const spoke = async (...argv: string[]) => run(program, argv, {cwd: '/', env: {HOME: home, KUBECONFIG: env['KUBECONFIG']}});
	t.regex((await spoke('logs', 'db-0', '--tail=1')).stdout, /\n$/);
	t.is((JSON.parse((await spoke('schema', 'path')).stdout) as {type: string}).type, 'object');
	t.deepEqual(await readdir(home), []);
});

test('ignores NODE_OPTIONS and NODE_USE_SYSTEM_CA, which are for other programs', async t => {
	for (const env of [{NODE_OPTIONS: '--no-such-option'}, {NODE_OPTIONS: '--use-bundled-ca'}, {NODE_USE_SYSTEM_CA: '1'}]) {
		const {stdout} = await run(program, ['version'], {env});
		t.regex(stdout, /^spoke \d/);
	}
});

/** Saved sets on the command line. */
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {writeForwardSet} from '../../../source/session/forwards/forward-sets.ts';
import {newHome} from '../../support/new-home.ts';
import {runSpoke} from '../../support/run-spoke.ts';

test('forwards check prints each problem of a set with its line', async t => {
	const env = {HOME: await newHome(t)};
	const folder = join(env.HOME, '.config/spoke/forwards');
	await mkdir(folder, {recursive: true});
	await writeFile(join(folder, 'mine'), '# shop\nsvc/web\n\nsvc/db 5432\nsts/db 99999\n');
	const file = join(folder, 'mine');
	const broken = await runSpoke(['forwards', 'check', 'mine'], {env});
	t.is(broken.status, 2);
	t.is(broken.stdout, '');
	t.regex(broken.stderr, /^\/[^\n]+\/mine:2: no port is given for svc\/web\n\/[^\n]+\/mine:5: [^\n]*99999[^\n]*\n$/);
	await writeFile(file, 'svc/db 5432\n');
	t.deepEqual(await runSpoke(['forwards', 'check', file], {env}), {status: 0, stdout: `${file}: 1 forward, no problems\n`, stderr: ''});
	const missing = await runSpoke(['forwards', 'check', 'other'], {env});
	t.is(missing.status, 14);
	t.regex(missing.stderr, /name a file, or one of mine\) \[ERR_LOCAL_FILE\]\n$/);
});

test('forwards check names a local port that two forwards of a context use', async t => {
	const env = {HOME: await newHome(t)};
	const file = join(env.HOME, 'mine');
	await writeFile(file, 'svc/web 8080:80\n--context eu svc/db 8080:5432\n');
	t.deepEqual(await runSpoke(['forwards', 'check', file], {env}), {
		status: 2,
		stdout: '',
		stderr: `${file}: local port 8080 is used twice, by svc/web 8080:80 and svc/db 8080:5432\n`,
	});
	await writeFile(file, '--context us svc/web 8080:80\n--context eu svc/db 8080:5432\n');
	t.is((await runSpoke(['forwards', 'check', file], {env})).status, 0);
});

test('the name of a set is completed', async t => {
	const home = await newHome(t);
	await writeForwardSet({HOME: home}, 'mine', []);
	const {stdout} = await runSpoke(['completion', 'words', '--', '--forwards', 'm'], {env: {HOME: home}});
	t.is(stdout, 'mine\t\n');
});

/** Crash reports. */
import {mkdir, readdir, stat, symlink} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import process from 'node:process';
import test from 'ava';
import {writeCrashReport} from '../../source/session/run-session.ts';
import {temporaryDirectory} from '../support/temporary-directory.ts';

test.serial('without HOME a crash report goes to a private temporary directory', async t => {
	const {TMPDIR: before} = process.env;
	const folder = await temporaryDirectory(t);
	t.teardown(() => {
		if (before === undefined) {
			delete process.env['TMPDIR'];
		} else {
			process.env['TMPDIR'] = before;
		}
	});
	await mkdir(join(folder, 'elsewhere'));
	await symlink(join(folder, 'elsewhere'), join(folder, 'spoke'));
	process.env['TMPDIR'] = folder;
	const path = await writeCrashReport(new Error('x'), {});
	t.deepEqual(await readdir(join(folder, 'elsewhere')), []);
	t.is((await stat(path!)).mode & 0o777, 0o600);
	t.is((await stat(dirname(path!))).mode & 0o777, 0o700);
});

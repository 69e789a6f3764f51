/** Crash reports. */
import {mkdir, mkdtemp, readdir, rm, stat, symlink} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import process from 'node:process';
import test from 'ava';
import {writeCrashReport} from '../../../source/session/frame/crash-report.ts';

test.serial('without HOME a crash report goes to a private temporary directory', async t => {
	const {TMPDIR: before} = process.env;
	const folder = await mkdtemp(join(tmpdir(), 'spoke-crash-'));
	t.teardown(async () => {
		if (before === undefined) {
			delete process.env['TMPDIR'];
		} else {
			process.env['TMPDIR'] = before;
		}

		await rm(folder, {recursive: true});
	});
	await mkdir(join(folder, 'elsewhere'));
	await symlink(join(folder, 'elsewhere'), join(folder, 'spoke'));
	process.env['TMPDIR'] = folder;
	const path = await writeCrashReport(new Error('x'), {});
	t.deepEqual(await readdir(join(folder, 'elsewhere')), []);
	t.is((await stat(path!)).mode & 0o777, 0o600);
	t.is((await stat(dirname(path!))).mode & 0o777, 0o700);
});

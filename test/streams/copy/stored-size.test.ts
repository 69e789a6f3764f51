/** How the program of a copy reads the size of what it has stored. */
import {mkdir, symlink, truncate, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test from 'ava';
import {execa} from 'execa';
import {copyProgram} from '../../../source/streams/copy/copy-program.ts';
import {programPath} from '../../support/copy-server.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';

/** More than 32 bits hold. */
const largeBytes = 5 * 1024 ** 3;

for (const reader of ['stat', 'ls']) {
	test(`the size of a file above 4 GiB is read with ${reader} alone`, async t => {
		const folder = await temporaryDirectory(t);
		const bin = join(folder, 'bin');
		await mkdir(bin);
		for (const name of ['sh', 'dd', reader]) {
			await symlink(programPath(name), join(bin, name));
		}

		await writeFile(join(folder, 'large'), '');
		await truncate(join(folder, 'large'), largeBytes);
		const {stdout} = await execa(join(bin, 'sh'), ['-c', copyProgram], {
			input: `target ${folder}\nsize ./large\nsize ./none\nend\n`,
			env: {PATH: bin},
			extendEnv: false,
		});
		t.deepEqual(stdout.split('\n').slice(1), ['dir', String(largeBytes), '0']);
	});
}

/** Runs the tests that hold the faults and bad inputs of rows.ts, without a cluster, and closes with the suite's line. */
import {spawn} from 'node:child_process';
import process from 'node:process';
import {faultFiles} from './rows.ts';

const child = spawn(process.execPath, ['scripts/run-tests.ts', 'test/faults/rows.test.ts', ...faultFiles.map(file => `test/${file}`)], {stdio: 'inherit'});
child.on('close', status => {
	process.exitCode = status ?? 1;
});

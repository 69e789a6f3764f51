/**
Runs the tests of rows.ts that need no cluster, and prints a summary.
`big` runs tests that take minutes (big.ts), `table` compares every row with kubectl (beside-kubectl/table.ts).
*/
import {spawn} from 'node:child_process';
import process from 'node:process';
import {faultFiles} from './rows.ts';

const [what, ...more] = process.argv.slice(2);
const child = spawn(process.execPath, argumentsOf(), {stdio: 'inherit'});
child.on('close', status => {
	process.exitCode = status ?? 1;
});

function argumentsOf(): string[] {
	switch (what) {
		case 'big': {
			return ['test/faults/big.ts', ...more];
		}

		case 'table': {
			return ['test/faults/beside-kubectl/table.ts', ...more];
		}

		default: {
			return ['scripts/run-tests.ts', 'test/faults/rows.test.ts', ...faultFiles.map(file => `test/${file}`)];
		}
	}
}

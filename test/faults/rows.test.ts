/** Checks that each fault and bad input has a row, and that the named tests exist. */
import {readFile} from 'node:fs/promises';
import test from 'ava';
import {faultRows} from './rows.ts';

test('F1 to F26 and B1 to B19 have one row each', t => {
	const wanted = [...Array.from({length: 26}, (_, index) => `F${index + 1}`), ...Array.from({length: 19}, (_, index) => `B${index + 1}`)];
	t.deepEqual(
		faultRows.map(({row}) => row),
		wanted,
	);
});

test('each named test exists', async t => {
	for (const {row, tests} of faultRows) {
		for (const [file, title] of tests) {
			const source = await readFile(new URL(`../${file}`, import.meta.url), 'utf8');
			t.true(source.includes(title), `${row}: ${file} has no test “${title}”`);
		}
	}
});

test('20 faults and 14 inputs are tested without a cluster, and the others name what is open', t => {
	const held = faultRows.filter(({tests}) => tests.some(([file]) => !file.startsWith('cluster/')));
	t.true(held.filter(({row}) => row.startsWith('F')).length >= 20);
	t.true(held.filter(({row}) => row.startsWith('B')).length >= 14);
	for (const {row, tests, open} of faultRows) {
		t.true(tests.length > 0 || open !== undefined, row);
	}
});

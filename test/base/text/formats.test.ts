/** Local times. */
import {execFile} from 'node:child_process';
import process from 'node:process';
import {promisify} from 'node:util';
import test from 'ava';
import {formatQuantity, formatNumber, formatBytes} from '../../../source/base/text/formats.ts';

for (const [zone, shown] of [
	['UTC', '12:00:05'],
	['Asia/Tokyo', '21:00:05'],
] as const) {
	test(`clockTime shows the local time of ${zone}`, async t => {
		const program = `import(${JSON.stringify(new URL('../../../source/base/text/formats.ts', import.meta.url).href)}).then(({clockTime}) => console.log(clockTime('2026-11-25T12:00:05.999Z'), clockTime(Date.UTC(2026, 10, 25, 12, 0, 5))))`;
		const {stdout} = await promisify(execFile)(process.execPath, ['--no-warnings', '-e', program], {env: {TZ: zone}});
		t.is(stdout, `${shown} ${shown}\n`);
	});
}

for (const value of [0, 7, 999, 1000, 12_345, 999_999, 1_000_000, 1_234_567_890, -1, -1000, -123_456, 0.5, 1234.5, 1234.567]) {
	test(`formatNumber writes ${value} as Intl does in English`, t => {
		t.is(formatNumber(value), value.toLocaleString('en'));
	});
}

test('formatQuantity uses the singular only for 1', t => {
	t.deepEqual(
		[0, 1, 2, 1234].map(count => formatQuantity(count, 'line')),
		['0 lines', '1 line', '2 lines', '1,234 lines'],
	);
	t.deepEqual(
		[1, 2].map(count => formatQuantity(count, 'attach', 'attaches')),
		['1 attach', '2 attaches'],
	);
});

for (const [bytes, shown] of [
	[0, '0 B'],
	[850, '850 B'],
	[999, '999 B'],
	[1000, '1.0 kB'],
	[1499, '1.5 kB'],
	[9949, '9.9 kB'],
	[9960, '10 kB'],
	[12_000_000, '12 MB'],
	[999_499, '999 kB'],
	[999_950, '1.0 MB'],
	[3e15, '3000 TB'],
] as const) {
	test(`formatBytes shows ${bytes} as ${shown}`, t => {
		t.is(formatBytes(bytes), shown);
	});
}

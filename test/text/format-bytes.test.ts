import test from 'ava';
import {formatBytes} from '../../source/text/format-bytes.ts';

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
	test(`${bytes} bytes are shown as ${shown}`, t => {
		t.is(formatBytes(bytes), shown);
	});
}

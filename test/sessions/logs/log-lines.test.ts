import test from 'ava';
import {stampLength, stampNanoseconds, stampSecond} from '../../../source/sessions/logs/line-stamp.ts';
import {readLines, withoutStamps, withPrefix} from '../../../source/sessions/logs/log-lines.ts';

for (const [text, length] of [
	['2026-11-24T14:02:08.231000001Z x', 30],
	['2026-11-24T14:02:08Z x', 20],
	['2026-11-24T14:02:08.2Z x', 22],
	['2026-11-24T14:02:08.231000001+05:30 x', 35],
	['2026-11-24T14:02:08.231000001-08:00 x', 35],
	['2026-11-24T14:02:08.231000001Z', 0],
	['2026-11-24T14:02:08.231000001Zx', 0],
	['2026-11-24 14:02:08.231000001Z x', 0],
	['2026-11-24T14:02:08.231000001 x', 0],
	['x026-11-24T14:02:08.231000001Z x', 0],
	['', 0],
	['2026', 0],
] as const) {
	test(`${JSON.stringify(text)} begins with ${length === 0 ? 'no timestamp' : `a timestamp of ${length} bytes`}`, t => {
		t.is(stampLength(Buffer.from(text), 0), length);
		t.is(stampLength(Buffer.from(`\n\n${text}`), 2), length);
	});
}

test('an instant is the same in every zone, to the nanosecond', t => {
	const nanoseconds = (text: string) => {
		const bytes = Buffer.from(`${text} x`);
		return stampNanoseconds(bytes, 0, stampLength(bytes, 0));
	};

	const expected = (BigInt(Date.UTC(2026, 10, 24, 14, 2, 8)) * 1_000_000n) + 231_000_001n;
	t.is(nanoseconds('2026-11-24T14:02:08.231000001Z'), expected);
	t.is(nanoseconds('2026-11-24T19:32:08.231000001+05:30'), expected);
	t.is(nanoseconds('2026-11-24T06:02:08.231000001-08:00'), expected);
	t.is(nanoseconds('2026-11-24T14:02:08.2Z'), expected - 31_000_001n);
	const before = Buffer.from('1969-12-31T23:59:59.5Z x');
	t.is(stampSecond(before, 0, 22), -1);
	t.is(stampNanoseconds(before, 0, 22), -500_000_000n);
});

test('a block is taken apart without losing a byte', t => {
	const bytes = Buffer.concat([Buffer.from('2026-11-24T14:02:08Z one\nno stamp\n2026-11-24T14:02:09Z \n2026-11-24T14:02:09Z 2026-11-24T14:02:10Z two\r\n2026-11-24T14:02:11Z '), Buffer.from([0xFF, 0x00, 0x1B])]);
	t.deepEqual([...readLines(bytes)].map(({time, text}) => [time === null ? null : Number(time / 1_000_000_000n) % 60, text.toString('latin1')]), [
		[8, 'one'], [null, 'no stamp'], [9, ''], [9, '2026-11-24T14:02:10Z two\r'], [11, '\u00FF\u0000\u001B'],
	]);
	t.is(withoutStamps(bytes).toString('latin1'), 'one\nno stamp\n\n2026-11-24T14:02:10Z two\r\n\u00FF\u0000\u001B');
});

test('one line is stripped without a copy', t => {
	const bytes = Buffer.from('2026-11-24T14:02:08Z one\n');
	t.is(withoutStamps(bytes).buffer, bytes.buffer);
	t.is(withoutStamps(bytes).toString(), 'one\n');
});

test('a prefix stands before every line, also before the last one without a line feed', t => {
	t.is(withPrefix(Buffer.from('a\n\nb'), Buffer.from('[p] ')).toString(), '[p] a\n[p] \n[p] b');
});

import test from 'ava';
import {
	timestampLength,
	timestampMilliseconds,
	timestampNanoseconds,
	timestampSecond,
	eachLine,
	stripTimestamps,
	withPrefix,
} from '../../../source/streams/logs/log-lines.ts';

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
		t.is(timestampLength(Buffer.from(text), 0), length);
		t.is(timestampLength(Buffer.from(`\n\n${text}`), 2), length);
	});
}

for (const text of ['2026-11-24T14:02:08.231000001+05:30 x', '2026-11-24T14:02:08Z x']) {
	test(`a wrong byte anywhere in ${text.slice(0, -2)} makes it invalid`, t => {
		for (let at = 0; at < text.length - 1; at++) {
			for (const wrong of ['x', '/', ':', '5']) {
				const isDigit = /\d/.test(text[at]!);
				const still = (isDigit && wrong === '5') || wrong === text[at];
				if (!still) {
					t.is(timestampLength(Buffer.from(text.slice(0, at) + wrong + text.slice(at + 1)), 0), 0, `${wrong} at ${at}`);
				}
			}
		}
	});
}

test('milliseconds are truncated, not rounded, and equal in every zone', t => {
	const milliseconds = (text: string) => {
		const bytes = Buffer.from(`__${text} 123`);
		return timestampMilliseconds(bytes, 2, timestampLength(bytes, 2)) - Date.UTC(2026, 10, 24, 14, 2, 8);
	};

	t.deepEqual(
		['08Z', '08.2Z', '08.23Z', '08.231Z', '08.231999999Z'].map(end => milliseconds(`2026-11-24T14:02:${end}`)),
		[0, 200, 230, 231, 231],
	);
	t.is(milliseconds('2026-11-24T19:32:08.999999999+05:30'), 999);
});

test('only the first nine digits of a fraction count', t => {
	const bytes = Buffer.from('2026-11-24T14:02:08.1234567899Z x');
	t.is(timestampNanoseconds(bytes, 0, timestampLength(bytes, 0)) % 1_000_000_000n, 123_456_789n);
});

test('a block can contain lines of two days', t => {
	const seconds = ['2026-01-31T00:00:00Z x', '2026-02-01T00:00:00Z x', '2027-01-31T00:00:00Z x', '2026-01-31T00:00:00Z x'].map(text =>
		timestampSecond(Buffer.from(text), 0, 20),
	);
	t.deepEqual(
		seconds,
		[Date.UTC(2026, 0, 31), Date.UTC(2026, 1, 1), Date.UTC(2027, 0, 31), Date.UTC(2026, 0, 31)].map(ms => ms / 1000),
	);
});

test('a timestamp is the same instant in every zone, to the nanosecond', t => {
	const nanoseconds = (text: string) => {
		const bytes = Buffer.from(`${text} x`);
		return timestampNanoseconds(bytes, 0, timestampLength(bytes, 0));
	};

	const expected = BigInt(Date.UTC(2026, 10, 24, 14, 2, 8)) * 1_000_000n + 231_000_001n;
	t.is(nanoseconds('2026-11-24T14:02:08.231000001Z'), expected);
	t.is(nanoseconds('2026-11-24T19:32:08.231000001+05:30'), expected);
	t.is(nanoseconds('2026-11-24T06:02:08.231000001-08:00'), expected);
	t.is(nanoseconds('2026-11-24T14:02:08.2Z'), expected - 31_000_001n);
	const before = Buffer.from('1969-12-31T23:59:59.5Z x');
	t.is(timestampSecond(before, 0, 22), -1);
	t.is(timestampNanoseconds(before, 0, 22), -500_000_000n);
});

test('eachLine returns every byte of a block except line ends', t => {
	const bytes = Buffer.concat([
		Buffer.from(
			'2026-11-24T14:02:08Z one\nno stamp\n2026-11-24T14:02:09Z \n2026-11-24T14:02:09Z 2026-11-24T14:02:10Z two\r\n2026-11-24T14:02:11Z ',
		),
		Buffer.from([0xff, 0x00, 0x1b]),
	]);
	const each: Array<[ms: number, text: string]> = [];
	t.is(
		eachLine(bytes, (from, to, ms) => each.push([ms % 60_000, bytes.toString('latin1', from, to)])),
		5,
	);
	t.deepEqual(each, [
		[8000, 'one'],
		[0, 'no stamp'],
		[9000, ''],
		[9000, '2026-11-24T14:02:10Z two'],
		[11_000, '\u00FF\u0000\u001B'],
	]);
	t.is(stripTimestamps(bytes).toString('latin1'), 'one\nno stamp\n\n2026-11-24T14:02:10Z two\r\n\u00FF\u0000\u001B');
});

test('one line is stripped without a copy', t => {
	const bytes = Buffer.from('2026-11-24T14:02:08Z one\n');
	t.is(stripTimestamps(bytes).buffer, bytes.buffer);
	t.is(stripTimestamps(bytes).toString(), 'one\n');
	const bare = Buffer.from('no stamp\n');
	t.is(stripTimestamps(bare), bare);
});

test('a prefix precedes every line, also a last one without a line feed, and no empty block', t => {
	t.is(withPrefix(Buffer.from('a\n\nb'), Buffer.from('[p] ')).toString(), '[p] a\n[p] \n[p] b');
	t.is(withPrefix(Buffer.from('a\n'), Buffer.from('[p] ')).toString(), '[p] a\n');
	t.is(withPrefix(Buffer.alloc(0), Buffer.from('[p] ')).length, 0);
});

test('the digits of a zone are not read as a fraction', t => {
	const bytes = Buffer.from('2026-11-24T14:02:08+02:00 x');
	const length = timestampLength(bytes, 0);
	t.is(timestampMilliseconds(bytes, 0, length), Date.UTC(2026, 10, 24, 12, 2, 8));
	t.is(timestampNanoseconds(bytes, 0, length), BigInt(Date.UTC(2026, 10, 24, 12, 2, 8)) * 1_000_000n);
});

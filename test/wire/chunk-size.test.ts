/** A size of digits alone is read where it stands, any other line as a whole, and both are the same number. */
import test from 'ava';
import {endOfDigits, sizeOfDigits, sizeOfLine} from '../../source/wire/chunk-size.ts';

const sizes: ReadonlyArray<readonly [line: string, digits: number, size: number]> = [
	['0', 1, 0],
	['9', 1, 9],
	['a', 1, 10],
	['0F', 2, 15],
	['ffffFFFF', 8, 0xff_ff_ff_ff],
	['1a;x=y', 2, 26],
	['1a \t', 2, 26],
];

for (const [line, digits, size] of sizes) {
	test(`${JSON.stringify(line)} is ${size} bytes`, t => {
		const bytes = Buffer.from(`!${line}\r\n`);
		t.is(endOfDigits(bytes, 1), 1 + digits);
		t.is(sizeOfDigits(bytes, 1, 1 + digits), size);
		t.is(sizeOfLine(line), size);
	});
}

test('no more than eight digits are taken, none where none stands, and none behind the end', t => {
	t.is(endOfDigits(Buffer.from('0123456789'), 1), 9);
	t.is(endOfDigits(Buffer.from('\r\n'), 0), 0);
	t.is(endOfDigits(Buffer.from('ab'), 0), 2);
	t.is(endOfDigits(Buffer.from('ab'), 2), 2);
});

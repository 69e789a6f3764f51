/** RFC 9112 §6.3. */
import test from 'ava';
import {bodyFraming, type BodyFraming, endOfDigits, parseHexDigits, parseSizeLine} from '../../source/wire/body-reader.ts';

const ends: ReadonlyArray<readonly [what: string, status: number, headers: Record<string, string>, BodyFraming]> = [
	['a length', 200, {'content-length': '12'}, 12],
	['no length and no coding', 200, {}, 'until-close'],
	['chunks', 200, {'transfer-encoding': 'Chunked'}, 'chunked'],
	['chunks and a length', 200, {'transfer-encoding': 'chunked', 'content-length': '12'}, 'chunked'],
	['chunks, and what is no length', 200, {'transfer-encoding': 'chunked', 'content-length': 'x'}, 'chunked'],
	['no content, whatever is said', 204, {'transfer-encoding': 'gzip', 'content-length': 'x'}, 0],
	['not modified, with the length of what was not sent', 304, {'content-length': '12'}, 0],
];

for (const [what, status, headers, framing] of ends) {
	test(`${what}: ${framing}`, t => {
		t.is(bodyFraming({status, headers}), framing);
	});
}

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
	test(`chunk size ${JSON.stringify(line)} is ${size} bytes`, t => {
		const bytes = Buffer.from(`!${line}\r\n`);
		t.is(endOfDigits(bytes, 1), 1 + digits);
		t.is(parseHexDigits(bytes, 1, 1 + digits), size);
		t.is(parseSizeLine(line), size);
	});
}

test('an invalid chunk size is quoted up to 100 characters', t => {
	t.throws(() => parseSizeLine('z'.repeat(200)), {message: `invalid chunk size: "${'z'.repeat(100)}"`});
});

test('endOfDigits stops after eight digits, at other bytes and at the end', t => {
	t.is(endOfDigits(Buffer.from('0123456789'), 1), 9);
	t.is(endOfDigits(Buffer.from('\r\n'), 0), 0);
	t.is(endOfDigits(Buffer.from('ab'), 0), 2);
	t.is(endOfDigits(Buffer.from('ab'), 2), 2);
});

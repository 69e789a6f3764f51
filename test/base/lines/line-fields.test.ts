/** Fields of JSON and logfmt lines. */
import test from 'ava';
import {formatLogfmt, pickFields, readFieldLine, readFields} from '../../../source/base/lines/line-fields.ts';

for (const [form, line, message, fields] of [
	[
		'JSON',
		'{"ts":"2026","level":"warn","msg":"slow","ms":812,"q":{"a":1}}',
		'slow',
		[
			{name: 'ms', value: '812', kind: 'number'},
			{name: 'q', value: '{"a":1}', kind: 'other'},
		],
	],
	[
		'logfmt',
		String.raw`ts=2026 lvl=warn msg="slow \"cart\"" ms=812 empty=`,
		'slow "cart"',
		[
			{name: 'ms', value: '812', kind: 'string'},
			{name: 'empty', value: '', kind: 'string'},
		],
	],
] as const) {
	test(`a ${form} line has time, level, message and fields`, t => {
		t.deepEqual(readFieldLine(line), {time: '2026', level: 'warn', message, fields});
	});
}

test('a line of neither form has no fields', t => {
	for (const text of ['Traceback: no', '[1]', '{broken', '{"a":1} tail']) {
		t.is(readFieldLine(text), null);
	}
});

test('text with a pair is not logfmt unless it has two pairs and nothing else', t => {
	for (const text of ['took ms=812 for user=ada', 'ms=812', 'a=1 b=2 and more', 'a="1 b=2', '']) {
		t.is(readFields(text), null, text);
	}
});

test('fields are picked in the given order, also nested ones', t => {
	const text = '{"order":{"id":12345678901234567890,"lines":[{"sku":"a"}]},"level":"info","order.id":"flat"}';
	t.deepEqual(
		pickFields(text, ['level', 'order.lines.0.sku', 'order.id', 'none', 'level.none'])?.map(([name, value]) => [name, value]),
		[
			['level', 'info'],
			['order.lines.0.sku', 'a'],
			['order.id', 'flat'],
			['none', undefined],
			['level.none', undefined],
		],
	);
	t.is(JSON.stringify(pickFields('{"a":{"b":1.50}}', ['a.b'])), '[["a.b",1.50]]');
	t.is(pickFields('plain', ['a']), null);
});

test('a logfmt value is quoted if it would not be read back', t => {
	for (const [value, text] of [
		['plain', 'k=plain'],
		['two words', 'k="two words"'],
		['', 'k=""'],
		['a\nb', String.raw`k="a\nb"`],
		[{id: 7}, String.raw`k="{\"id\":7}"`],
		[true, 'k=true'],
		[null, 'k=null'],
	] as const) {
		t.is(formatLogfmt('k', value), text);
	}
});

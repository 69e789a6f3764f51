/** Shell quoting. */
import test from 'ava';
import {quoteForShell, toSafeJson, isLosslessNumber, parseLosslessJson} from '../../../source/base/text/escaping.ts';
import {readFields, readFieldLine} from '../../../source/base/lines/line-fields.ts';
import {formatBody} from '../../../source/session/proxy/proxy.tsx';

test('quoteForShell quotes only where needed', t => {
	t.is(quoteForShell('svc/https:web:443/healthz'), 'svc/https:web:443/healthz');
	t.is(quoteForShell('svc/web:80/?a=1&b=2'), "'svc/web:80/?a=1&b=2'");
	t.is(quoteForShell(''), "''");
});

test('toSafeJson escapes unsafe characters, and JSON.parse restores them', t => {
	for (const hostile of [
		'\u001B[2J',
		'\u009B2J',
		'a\u202Eb',
		'\u061C',
		'\u200B',
		'\u2028',
		'\uFEFF',
		'\u{E0001}',
		'\uD800',
		'\u007F',
		'line\nend',
	]) {
		const text = toSafeJson({hostile});
		t.regex(text, /^[ -~]*$/, JSON.stringify(hostile));
		t.deepEqual(JSON.parse(text), {hostile});
	}
});

test('toSafeJson keeps other characters', t => {
	t.is(toSafeJson({name: 'Jürgen 名前 👩‍💻 “x”'.replace('\u200D', '')}), '{"name":"Jürgen 名前 👩💻 “x”"}');
});

const texts = [
	'12345678901234567890',
	'-0',
	'1.0',
	'1e400',
	'[0.1,9007199254740993,{"a":{"b":1e5}}]',
	'{"a":null,"b":true,"c":"1.0","__proto__":2}',
];

for (const text of texts) {
	test(`${text} survives parsing and printing`, t => {
		t.is(JSON.stringify(parseLosslessJson(text)), text);
	});
}

test('isLosslessNumber accepts numbers of any length', t => {
	t.deepEqual(
		[1, 1.5].map(value => isLosslessNumber(value)),
		[true, true],
	);
	t.true(isLosslessNumber(parseLosslessJson('12345678901234567890')));
	t.deepEqual(
		['1', null, {rawJSON: '1'}].map(value => isLosslessNumber(value)),
		[false, false, false],
	);
});

test('parseLosslessJson throws for invalid JSON', t => {
	t.throws(() => parseLosslessJson('{"a":}'), {instanceOf: SyntaxError});
});

test('64-bit ids keep their digits in log fields and response bodies', t => {
	const text = '{"msg":"paid","trace_id":12345678901234567890,"order":{"id":9007199254740993}}';
	const fields = [
		{name: 'trace_id', value: '12345678901234567890', kind: 'number'},
		{name: 'order', value: '{"id":9007199254740993}', kind: 'other'},
	] as const;
	t.deepEqual(readFieldLine(text)?.fields, fields);
	t.deepEqual(readFields(text)?.slice(1), fields);
	t.regex(formatBody(text, {readable: true}), /"trace_id": 12345678901234567890,\n {2}"order": \{\n {4}"id": 9007199254740993/);
	t.is(formatBody(text, {readable: false}), text);
	t.is(formatBody('{"a":', {readable: true}), '{"a":');
});

test('a log line that is not an object has no fields', t => {
	for (const text of ['12345678901234567890', '1.0', '1', '[{"a":1}]', 'null', '"{"']) {
		t.is(readFields(text), null, text);
	}
});

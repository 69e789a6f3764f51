/** Shell quoting. */
import test from 'ava';
import {quoteForShell, toSafeJson} from '../../source/text/escaping.ts';

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

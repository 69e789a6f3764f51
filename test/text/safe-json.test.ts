/** JSON that is safe on a terminal. */
import test from 'ava';
import {toSafeJson} from '../../source/text/safe-json.ts';

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

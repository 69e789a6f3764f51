/** JSON of cluster text: the same value, and nothing in it that a terminal would obey. */
import test from 'ava';
import {toSafeJson} from '../../source/text/safe-json.ts';

test('what could move or fool a terminal is escaped, and reads back as it was', t => {
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

test('everything else stays readable', t => {
	t.is(toSafeJson({name: 'Jürgen 名前 👩‍💻 “x”'.replace('\u200D', '')}), '{"name":"Jürgen 名前 👩💻 “x”"}');
});

/** Text of the cluster among words of ours. */
import test from 'ava';
import {sanitizeText} from '../../source/text/sanitize-text.ts';

test('it is harmless, its line ends are alike and its tabs are blanks', t => {
	t.is(sanitizeText('a\r\nb\tc\u001B[2J\u202Ed'), 'a\nb  c^[[2J<U+202E>d');
});

/** Text of the cluster among words of ours. */
import test from 'ava';
import {safeText} from '../../source/text/safe-text.ts';

test('it is harmless, its line ends are alike and its tabs are blanks', t => {
	t.is(safeText('a\r\nb\tc\u001B[2J\u202Ed'), 'a\nb  c^[[2J<U+202E>d');
});

/** Texts that are wrapped at words. */
import test from 'ava';
import {wrapCommand, wrapText} from '../../source/text/wrap-text.ts';

test('wrapText keeps flag and value, quotes and brackets together', t => {
	t.deepEqual(wrapText('it needs --probe active, or not', 14), ['it needs', '--probe active,', 'or not']);
	t.deepEqual(wrapText('run `spoke help me` now', 12), ['run', '`spoke help me`', 'now']);
	t.deepEqual(wrapText('x [--port PORT | -u FILE] y', 10), ['x', '[--port PORT | -u FILE]', 'y']);
	t.deepEqual(wrapText('', 10), ['']);
});

test('wrapCommand returns one shell command', t => {
	t.deepEqual(wrapCommand('a b', 3), ['a b']);
	t.deepEqual(wrapCommand('spoke logs --tail 20 web', 20), ['spoke logs \\', '  --tail 20 web']);
});

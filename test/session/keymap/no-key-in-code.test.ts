/** No key is hard-coded outside the keymap. */
import test from 'ava';
import {readSource} from '../../architecture/imports.ts';

const files = (await readSource()).filter(({room, path}) => ['session', 'commands'].includes(room) && !path.startsWith('session/keymap/'));

test('code outside the keymap compares no input with a key', t => {
	const typed = /\bkey\s*===?\s*'|\bcase '(?:ctrl\+|alt\+|enter|esc|tab|up|down|pgup|pgdn|home|end|space|f\d+)'|\buseInput\b|keypress/;
	t.deepEqual(
		files.filter(file => typed.test(file.text)).map(file => file.path),
		[],
	);
});

test('screen texts contain no key names', t => {
	// formatKeys makes `Ctrl-` and arrows from the keymap.
	const shown = /Ctrl-|\^[A-Z]\b|[Pp]ress [a-z?](?!\w)|\b(?:Enter|Esc|Tab) (?:applies|closes|opens|clears|choose)/;
	const found = files.flatMap(file =>
		file.text
			.split('\n')
			.filter(line => !/^\s*(?:\/\*\*|\/\/|\*|[A-Z]|-)/.test(line) && shown.test(line))
			.map(line => `${file.path}: ${line.trim()}`),
	);
	t.deepEqual(found, []);
});

/** Untrusted text on a terminal. */
import test from 'ava';
import {sanitize, Sanitizer, escapeControls, sanitizeLine, sanitizeText} from '../../../source/base/text/sanitize.ts';
import {fakeScreen} from '../../support/fake-screen.ts';
import {hostileTexts} from '../../support/hostile-text.ts';
import sgr from './sgr.json' with {type: 'json'};

const shown: ReadonlyArray<readonly [title: string, text: string, strip: string, keep?: string]> = [
	['keeps plain text, tabs and line ends', 'a\tb\r\nc\n', 'a\tb\r\nc\n'],
	['keeps letters of other scripts and emoji', 'grüße, 日本語 ❤️ 𝄞', 'grüße, 日本語 ❤️ 𝄞'],
	['shows a carriage return within a line', 'secret\rpublic', 'secret^Mpublic'],
	['shows backspace, bell and DEL', 'a\b\u0007\u007F', 'a^H^G^?'],
	['shows C1 controls', '\u009B31m\u009Dx', '<U+009B>31m<U+009D>x'],
	['shows an unterminated OSC', '\u001B]0;pwned', '^[]0;pwned'],
	['shows a hyperlink sequence', '\u001B]8;;https://a.test\u001B\\b\u001B]8;;\u001B\\', '^[]8;;https://a.test^[\\b^[]8;;^[\\'],
	['names bidi and zero-width marks', 'a\u202Eb\u200Bc\uFEFFd\u2066', 'a<U+202E>b<U+200B>c<U+FEFF>d<U+2066>'],
	['names line separators and tag characters', '\u2028\u{E0041}', '<U+2028><U+E0041>'],
	['replaces a lone surrogate by U+FFFD', 'a\uD800b', 'a\uFFFDb'],
	['resets colors at the end of a line', '\u001B[31mred\nplain', '^[[31mred\nplain', '\u001B[31mred\u001B[0m\nplain'],
	['resets colors at the end of the text', '\u001B[1;38;5;9mx', '^[[1;38;5;9mx', '\u001B[1;38;5;9mx\u001B[0m'],
	[
		'keeps both spellings of true color',
		'\u001B[38;2;1;2;3m\u001B[48:2::1:2:4mx',
		'^[[38;2;1;2;3m^[[48:2::1:2:4mx',
		'\u001B[38;2;1;2;3m\u001B[48:2::1:2:4mx\u001B[0m',
	],
	['shows a sequence that hides text', '\u001B[8mx\u001B[1;8mx', '^[[8mx^[[1;8mx', '^[[8mx^[[1;8mx'],
	['shows a blinking sequence', '\u001B[5mx', '^[[5mx', '^[[5mx'],
	['shows a background equal to the text color', '\u001B[31m\u001B[48;5;1mx', '^[[31m^[[48;5;1mx', '\u001B[31m^[[48;5;1mx\u001B[0m'],
	...sgr.equalColors.map(
		code => [`shows equal text and background colors (${code})`, `\u001B[${code}mx`, `^[[${code}mx`, `^[[${code}mx`] as const,
	),
	...sgr.kept.map(
		code => [`keeps SGR ${code || 'without parameters'}`, `\u001B[${code}mx`, `^[[${code}mx`, `\u001B[${code}mx\u001B[0m`] as const,
	),
	...sgr.shown.map(code => [`shows SGR ${code}`, `\u001B[${code}mx`, `^[[${code}mx`, `^[[${code}mx`] as const),
	[
		'forgets the text color of the previous line',
		'\u001B[31ma\n\u001B[41mb',
		'^[[31ma\n^[[41mb',
		'\u001B[31ma\u001B[0m\n\u001B[41mb\u001B[0m',
	],
	['shows a color out of range', '\u001B[38;5;256mx', '^[[38;5;256mx', '^[[38;5;256mx'],
	['shows an unterminated SGR', '\u001B[31', '^[[31', '^[[31'],
	['shows an overlong SGR', `\u001B[${'1;'.repeat(40)}m`, `^[[${'1;'.repeat(40)}m`, `^[[${'1;'.repeat(40)}m`],
	['shows an SGR with an intermediate byte', '\u001B[>4;2mx\u001B[?25l', '^[[>4;2mx^[[?25l', '^[[>4;2mx^[[?25l'],
];

for (const [title, text, strip, keep] of shown) {
	test(title, t => {
		t.is(sanitize(text), strip);
		t.is(sanitize(text, {colors: 'keep'}), keep ?? strip);
	});
}

test('sanitizeLine returns one line', t => {
	t.is(sanitizeLine('a\nb\r\nc\u001B[2J\n'), 'a ⏎ b ⏎ c^[[2J');
});

test('escapeControls escapes controls and keeps other text', t => {
	t.is(escapeControls(' blanks  stay '), ' blanks  stay ');
	t.is(escapeControls('a\nb\r\nc\td\u001B[2J'), 'a ⏎ b ⏎ c  d^[[2J');
});

test('invalid UTF-8 becomes U+FFFD, and characters survive any split', t => {
	const bytes = Buffer.concat([Buffer.from('ä€𝄞\n'), Buffer.from([0xff, 0x80, 0x9b, 0xc0, 0xaf, 0xe2, 0x82, 0x0a])]);
	for (let cut = 0; cut <= bytes.length; cut++) {
		t.is(inPieces(bytes, [cut]), 'ä€𝄞\n\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\n');
	}
});

for (const colors of ['keep', 'strip'] as const) {
	test(`the output does not depend on where the bytes are split (${colors})`, t => {
		for (const [name, bytes] of hostileTexts()) {
			const whole = inPieces(bytes, [], colors);
			for (let cut = 1; cut < bytes.length; cut++) {
				t.is(inPieces(bytes, [cut], colors), whole, `${name} cut at ${cut}`);
			}

			t.is(inPieces(bytes, [...bytes.keys()], colors), whole, `${name} byte by byte`);
		}
	});

	test(`no hostile text moves a terminal or hides the next line (${colors})`, async t => {
		for (const [name, bytes] of hostileTexts()) {
			const screen = fakeScreen();
			await screen.write(`${inPieces(bytes, [], colors).replaceAll(/\r?\n/g, '\r\n')}\r\nwhat follows`);
			const {last, ...rest} = screen.state();
			t.deepEqual(rest, {effects: [], modes: fakeScreen().state().modes, buffer: 'normal', pen: 'default'}, name);
			t.is(last, 'what follows', name);
		}
	});
}

test('the hostile texts move a terminal when they are not sanitized', async t => {
	let moved = 0;
	for (const [, bytes] of hostileTexts()) {
		const screen = fakeScreen();
		await screen.write(`${bytes.toString('utf8')}\r\nwhat follows`);
		const {effects, buffer, pen, last, modes} = screen.state();
		moved += Number(
			effects.length > 0 || buffer !== 'normal' || pen !== 'default' || last !== 'what follows' || modes !== fakeScreen().state().modes,
		);
	}

	t.true(moved > 60, `${moved}`);
});

function inPieces(bytes: Buffer, cuts: readonly number[], colors: 'keep' | 'strip' = 'keep'): string {
	const sanitizer = new Sanitizer({colors});
	let text = '';
	let from = 0;
	for (const cut of [...cuts, bytes.length]) {
		text += sanitizer.write(bytes.subarray(from, cut));
		from = cut;
	}

	return text + sanitizer.end();
}

test('sanitizeText shows controls, unifies line ends and replaces tabs', t => {
	t.is(sanitizeText('a\r\nb\tc\u001B[2J\u202Ed'), 'a\nb  c^[[2J<U+202E>d');
});

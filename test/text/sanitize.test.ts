/** Cluster text shows itself on a terminal and does nothing else, wherever it is cut. */
import test from 'ava';
import {sanitize, Sanitizer} from '../../source/text/sanitize.ts';
import {escapeControls, sanitizeLine, sanitizeText} from '../../source/text/sanitize-line.ts';
import {fakeScreen} from '../support/fake-screen.ts';
import {hostileTexts} from '../support/hostile-text.ts';

const shown: ReadonlyArray<readonly [title: string, text: string, strip: string, keep?: string]> = [
	['plain text, tabs and line ends stay', 'a\tb\r\nc\n', 'a\tb\r\nc\n'],
	['letters of other scripts and emoji stay', 'grüße, 日本語 ❤️ 𝄞', 'grüße, 日本語 ❤️ 𝄞'],
	['a carriage return within a line is shown', 'secret\rpublic', 'secret^Mpublic'],
	['backspace, bell and DEL are shown', 'a\b\u0007\u007F', 'a^H^G^?'],
	['C1 controls are shown', '\u009B31m\u009Dx', '<U+009B>31m<U+009D>x'],
	['an OSC that never ends hides nothing', '\u001B]0;pwned', '^[]0;pwned'],
	['a link is no link', '\u001B]8;;https://a.test\u001B\\b\u001B]8;;\u001B\\', '^[]8;;https://a.test^[\\b^[]8;;^[\\'],
	['bidi and zero-width marks are named', 'a\u202Eb\u200Bc\uFEFFd\u2066', 'a<U+202E>b<U+200B>c<U+FEFF>d<U+2066>'],
	['line separators and tag characters are named', '\u2028\u{E0041}', '<U+2028><U+E0041>'],
	['a lone surrogate is U+FFFD', 'a\uD800b', 'a\uFFFDb'],
	['colours end with their line', '\u001B[31mred\nplain', '^[[31mred\nplain', '\u001B[31mred\u001B[0m\nplain'],
	['and with the text', '\u001B[1;38;5;9mx', '^[[1;38;5;9mx', '\u001B[1;38;5;9mx\u001B[0m'],
	[
		'both spellings of true colour pass',
		'\u001B[38;2;1;2;3m\u001B[48:2::1:2:4mx',
		'^[[38;2;1;2;3m^[[48:2::1:2:4mx',
		'\u001B[38;2;1;2;3m\u001B[48:2::1:2:4mx\u001B[0m',
	],
	['hidden text is not hidden', '\u001B[8mx\u001B[1;8mx', '^[[8mx^[[1;8mx', '^[[8mx^[[1;8mx'],
	['nor blinking', '\u001B[5mx', '^[[5mx', '^[[5mx'],
	['ink on paper of its own colour does not pass', '\u001B[31m\u001B[48;5;1mx', '^[[31m^[[48;5;1mx', '\u001B[31m^[[48;5;1mx\u001B[0m'],
	...[
		'37;47',
		'97;107',
		'97;47;107',
		'30;48;5;0',
		'91;48:5:9',
		'38;5;7;47',
		'107;38;5;15',
		'38;2;1;2;3;48;2;1;2;3',
		'1;31;2;41',
		'0;31;41',
		'39;31;41',
		'49;31;41',
	].map(sgr => [`nor in ${sgr}`, `\u001B[${sgr}mx`, `^[[${sgr}mx`, `^[[${sgr}mx`] as const),
	...[
		'',
		'0',
		'31;0;41',
		'31;;41',
		'31;39;41',
		'41;49;31',
		'31;107',
		'91;41',
		'90;40',
		'47;97',
		'39;49',
		'1',
		'2',
		'3',
		'4',
		'7',
		'9',
		'21',
		'22',
		'23',
		'24',
		'27',
		'29',
	].map(sgr => [`what ${sgr || 'an empty SGR'} does passes`, `\u001B[${sgr}mx`, `^[[${sgr}mx`, `\u001B[${sgr}mx\u001B[0m`] as const),
	...[
		'131',
		'311',
		'141',
		'411',
		'38',
		'380;5;1',
		'138;5;1',
		'98',
		'108',
		'8',
		'28',
		'5',
		'6',
		'38;5',
		'38;2;1;2',
		'38;6;1',
		'38;5;1000',
		'38:5:',
		'1:2',
	].map(sgr => [`${sgr} is no colour that passes`, `\u001B[${sgr}mx`, `^[[${sgr}mx`, `^[[${sgr}mx`] as const),
	['the ink of one line is gone on the next', '\u001B[31ma\n\u001B[41mb', '^[[31ma\n^[[41mb', '\u001B[31ma\u001B[0m\n\u001B[41mb\u001B[0m'],
	['a colour out of range does not pass', '\u001B[38;5;256mx', '^[[38;5;256mx', '^[[38;5;256mx'],
	['an SGR without end is shown', '\u001B[31', '^[[31', '^[[31'],
	['an SGR too long to be one is shown', `\u001B[${'1;'.repeat(40)}m`, `^[[${'1;'.repeat(40)}m`, `^[[${'1;'.repeat(40)}m`],
	['an SGR with an intermediate is another sequence', '\u001B[>4;2mx\u001B[?25l', '^[[>4;2mx^[[?25l', '^[[>4;2mx^[[?25l'],
];

for (const [title, text, strip, keep] of shown) {
	test(title, t => {
		t.is(sanitize(text), strip);
		t.is(sanitize(text, {colors: 'keep'}), keep ?? strip);
	});
}

test('one line is one line', t => {
	t.is(sanitizeLine('a\nb\r\nc\u001B[2J\n'), 'a ⏎ b ⏎ c^[[2J');
});

test('a part of a line moves no cursor, and is itself where it is harmless', t => {
	t.is(escapeControls(' blanks  stay '), ' blanks  stay ');
	t.is(escapeControls('a\nb\r\nc\td\u001B[2J'), 'a ⏎ b ⏎ c  d^[[2J');
});

test('bytes that are no UTF-8 become U+FFFD, whole characters survive any cut', t => {
	const bytes = Buffer.concat([Buffer.from('ä€𝄞\n'), Buffer.from([0xff, 0x80, 0x9b, 0xc0, 0xaf, 0xe2, 0x82, 0x0a])]);
	for (let cut = 0; cut <= bytes.length; cut++) {
		t.is(inPieces(bytes, [cut]), 'ä€𝄞\n\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\n');
	}
});

for (const colours of ['keep', 'strip'] as const) {
	test(`what is shown does not depend on where the bytes were cut (${colours})`, t => {
		for (const [name, bytes] of hostileTexts()) {
			const whole = inPieces(bytes, [], colours);
			for (let cut = 1; cut < bytes.length; cut++) {
				t.is(inPieces(bytes, [cut], colours), whole, `${name} cut at ${cut}`);
			}

			t.is(inPieces(bytes, [...bytes.keys()], colours), whole, `${name} byte by byte`);
		}
	});

	test(`no hostile text moves a terminal, or hides what comes after it (${colours})`, async t => {
		for (const [name, bytes] of hostileTexts()) {
			const screen = fakeScreen();
			await screen.write(`${inPieces(bytes, [], colours).replaceAll(/\r?\n/g, '\r\n')}\r\nwhat follows`);
			const {last, ...rest} = screen.state();
			t.deepEqual(rest, {effects: [], modes: fakeScreen().state().modes, buffer: 'normal', pen: 'default'}, name);
			t.is(last, 'what follows', name);
		}
	});
}

test('the same texts without the sanitiser do move it: the check can fail', async t => {
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

function inPieces(bytes: Buffer, cuts: readonly number[], colours: 'keep' | 'strip' = 'keep'): string {
	const sanitiser = new Sanitizer({colors: colours});
	let text = '';
	let from = 0;
	for (const cut of [...cuts, bytes.length]) {
		text += sanitiser.write(bytes.subarray(from, cut));
		from = cut;
	}

	return text + sanitiser.end();
}

test('it is harmless, its line ends are alike and its tabs are blanks', t => {
	t.is(sanitizeText('a\r\nb\tc\u001B[2J\u202Ed'), 'a\nb  c^[[2J<U+202E>d');
});

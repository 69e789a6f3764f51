/** Ten thousand random inputs of escape sequence parts. */
import test from 'ava';
import {Sanitizer} from '../../../source/base/text/sanitize.ts';
import {seededRandom} from '../../support/random.ts';

const parts = [
	...[
		'\u001B',
		'\u001B[',
		'\u001B]',
		'\u001BP',
		'\u001B_',
		'\u001B^',
		'\u001BX',
		'\u001B(0',
		'\u001Bc',
		'\u001B\\',
		'\u0007',
		'\u0008',
		'\u000E',
		'\r',
		'\n',
		'\t',
		'[',
		']',
		';',
		':',
		'?',
		'>',
		'!',
		' ',
		'$',
		'm',
		'h',
		'l',
		'H',
		'J',
		'q',
		't',
		'0',
		'1',
		'8',
		'9',
		'22',
		'31',
		'38;2;1;2;3',
		'1049',
		'2004',
		'52;c;eA==',
		'text',
		'é',
		'日',
		'\u009B',
		'\u009D',
		'\u0090',
		'\u202E',
		'\u200B',
		'\uFEFF',
		'\uDC00'.toWellFormed(),
		'\u{1F600}',
	].map(text => Buffer.from(text)),
	...[0x80, 0x9b, 0x9d, 0xc2, 0xe2, 0xf0, 0xff, 0x00, 0x7f].map(byte => Buffer.from([byte])),
];

for (const colors of ['keep', 'strip'] as const) {
	test(`random input yields only text and colors, wherever it is split (${colors})`, t => {
		const next = seededRandom(20_261_124);
		const random = (below: number) => Math.floor(next() * below);
		for (let round = 0; round < 10_000; round++) {
			const bytes = Buffer.concat(Array.from({length: 1 + random(14)}, () => parts[random(parts.length)]!));
			const whole = shown([bytes], colors);
			const uncolored = colors === 'keep' ? whole.replaceAll(/\u001B\[[\d;:]*m/g, '') : whole;
			const about = JSON.stringify(bytes.toString('latin1'));
			t.notRegex(
				uncolored,
				/[\u0000-\u0008\v\f\u000E-\u001F\u007F-\u009F]|\r(?!\n)|[\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]/,
				about,
			);
			const cut = random(bytes.length + 1);
			t.is(shown([bytes.subarray(0, cut), bytes.subarray(cut)], colors), whole, about);
			const byteByByte = [...bytes].map(byte => Buffer.from([byte]));
			t.is(shown(byteByByte, colors), whole, about);
			t.true(!whole.includes('\u001B[') || endsPlain(whole), about);
		}
	});
}

/** Whether the last color sequence is a reset. */
function endsPlain(text: string): boolean {
	return /^\u001B\[0?m/.test(text.slice(text.lastIndexOf('\u001B[')));
}

function shown(chunks: readonly Buffer[], colors: 'keep' | 'strip'): string {
	const sanitizer = new Sanitizer({colors});
	return chunks.map(chunk => sanitizer.write(chunk)).join('') + sanitizer.end();
}

/** Contrast of colors. */
import test from 'ava';
import {asciiGlyphs, chooseTheme, makeTheme, unicodeGlyphs, type Role} from '../../../source/session/kit/theme.ts';
import type {ColorDepth} from '../../../source/session/themes/theme-roles.ts';
import {loadThemes} from '../../../source/session/themes/load-themes.ts';

const {shipped} = await loadThemes({});

type Rgb = readonly [red: number, green: number, blue: number];

const grounds = {dark: [0, 0, 0], light: [255, 255, 255]} as const;

/** Minimum contrast (WCAG 2) of a role against the screen background. The 256-color palette has no darker orange than one of 5.7. */
const least = (role: Role, depth: ColorDepth): number => (role === 'rule' ? 3.5 : role.startsWith('pod.') ? 5 : depth === '256' ? 5.5 : 6);
const leastOnCursor = {true: 4.5, 256: 4};

for (const [name, depth] of [
	['dark', 'true'],
	['dark', '256'],
	['light', 'true'],
	['light', '256'],
] as const) {
	const {sgr} = makeTheme({name, depth, isDumb: false}, shipped[name], unicodeGlyphs);
	const selection = color(sgr.selection, 48)!;
	test(`theme ${name}, ${depth} colors: every color contrasts with the screen and the cursor row`, t => {
		for (const [role, codes] of Object.entries(sgr) as Array<[Role, string]>) {
			const ink = color(codes, 38);
			const own = color(codes, 48);
			if (ink) {
				t.true(contrast(ink, own ?? grounds[name]) >= least(role, depth), `${role}: ${contrast(ink, own ?? grounds[name]).toFixed(2)}`);
				t.true(
					own !== undefined ||
						role === 'rule' ||
						role.startsWith('pod.') ||
						role === 'gone' ||
						contrast(ink, selection) >= leastOnCursor[depth],
					`${role} on the cursor: ${contrast(ink, selection).toFixed(2)}`,
				);
			}
		}
	});
}

for (const name of ['dark', 'light', 'ansi', 'mono'] as const) {
	test(`theme ${name}: unverified is bold, plain is bold and underlined`, t => {
		const {sgr} = makeTheme({name, depth: 'true', isDumb: false}, shipped[name], unicodeGlyphs);
		t.regex(sgr['tls.unverified'], /^1(?:;|$)/);
		t.regex(sgr['tls.plain'], /^1;4(?:;|$)/);
	});
}

for (const name of ['ansi', 'mono'] as const) {
	test(`theme ${name}: a match is visible on the selected row, which is inverse`, t => {
		const {sgr} = makeTheme({name, depth: 'true', isDumb: false}, shipped[name], unicodeGlyphs);
		for (const role of ['match', 'match.current'] as const) {
			t.true(
				sgr[role].split(';').some(code => code !== '1' && code !== sgr.selection),
				role,
			);
		}
	});
}

for (const [env, background, name] of [
	[{TERM: 'xterm-256color'}, '11;rgb:ffff/ffff/ffff', 'light'],
	[{TERM: 'xterm'}, '11;rgb:ffff/ffff/ffff', 'light'],
	[{TERM: 'xterm-256color'}, '11;rgb:0000/0000/0000', 'dark'],
	[{TERM: 'xterm'}, '11;rgb:0000/0000/0000', 'ansi'],
	[{TERM: 'xterm-256color'}, null, 'ansi'],
	[{TERM: 'xterm', NO_COLOR: '1'}, '11;rgb:ffff/ffff/ffff', 'mono'],
] as const) {
	test(`TERM=${env.TERM}${'NO_COLOR' in env ? ' NO_COLOR=1' : ''}, ${background === null ? 'unknown background' : `on ${background.slice(7)}`}, selects ${name}`, t => {
		t.is(chooseTheme(env, undefined, background).name, name);
	});
}

test('mono has weights and no color', t => {
	for (const [role, codes] of Object.entries(makeTheme({name: 'mono', depth: 'true', isDumb: false}, shipped.mono, unicodeGlyphs).sgr)) {
		t.notRegex(codes, /(?:^|;)(?:3\d|4[0-8]|9\d)(?:;|$)/, role);
	}
});

function color(codes: string, kind: 38 | 48): Rgb | undefined {
	const [, red, green, blue] = new RegExp(`(?:^|;)${kind};2;(\\d+);(\\d+);(\\d+)`).exec(codes) ?? [];
	const [, number] = new RegExp(`(?:^|;)${kind};5;(\\d+)`).exec(codes) ?? [];
	return red === undefined ? (number === undefined ? undefined : ofPalette(Number(number))) : [Number(red), Number(green), Number(blue)];
}

/** xterm's palette: a cube of six steps from 16 on, and grays from 232 on. */
function ofPalette(number: number): Rgb {
	const step = (at: number) => [0, 95, 135, 175, 215, 255][at % 6]!;
	const grey = 8 + 10 * (number - 232);
	const place = number - 16;
	return number >= 232 ? [grey, grey, grey] : [step(Math.floor(place / 36)), step(Math.floor(place / 6)), step(place)];
}

function contrast(one: Rgb, other: Rgb): number {
	const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
	return (light + 0.05) / (dark + 0.05);
}

function luminance(rgb: Rgb): number {
	const [red, green, blue] = rgb.map(part => {
		const share = part / 255;
		return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
	}) as [number, number, number];
	return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

test('each basis, and an unexamined leg, has its own stroke', t => {
	for (const {strokes} of [unicodeGlyphs, asciiGlyphs]) {
		t.is(new Set(Object.values(strokes)).size, 4);
	}
});

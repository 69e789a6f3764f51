/** Colours that can be read: on black and on white, on the ground of the cursor, and by weight where hue is not seen. */
import test from 'ava';
import {unicodeGlyphs} from '../../source/ui/glyphs.ts';
import {makeTheme, type Role} from '../../source/ui/theme.ts';

type Rgb = readonly [red: number, green: number, blue: number];

const grounds = {dark: [0, 0, 0], light: [255, 255, 255]} as const;
/** Least contrast (WCAG 2) of a role with the screen's ground; others have none of their own. */
const least = (role: Role): number => role === 'rule' ? 3.5 : role.startsWith('pod.') ? 5 : 6;

for (const name of ['dark', 'light'] as const) {
	const {sgr} = makeTheme({name, depth: 'true', isDumb: false}, unicodeGlyphs);
	const selection = colour(sgr.selection, 48)!;
	test(`theme ${name}: every colour stands out from its screen, and from the ground of the cursor`, t => {
		for (const [role, codes] of Object.entries(sgr) as Array<[Role, string]>) {
			const ink = colour(codes, 38);
			const own = colour(codes, 48);
			if (ink) {
				t.true(contrast(ink, own ?? grounds[name]) >= least(role), `${role}: ${contrast(ink, own ?? grounds[name]).toFixed(2)}`);
				t.true(own !== undefined || role === 'rule' || role.startsWith('pod.') || role === 'gone' || contrast(ink, selection) >= 4.5, `${role} on the cursor: ${contrast(ink, selection).toFixed(2)}`);
			}
		}
	});
}

for (const name of ['dark', 'light', 'ansi', 'mono'] as const) {
	test(`theme ${name}: unverified is bold and plain bold and underlined, so hue never says it alone`, t => {
		const {sgr} = makeTheme({name, depth: 'true', isDumb: false}, unicodeGlyphs);
		t.regex(sgr['tls.unverified'], /^1(?:;|$)/);
		t.regex(sgr['tls.plain'], /^1;4(?:;|$)/);
	});
}

test('mono has weights and no colour', t => {
	for (const [role, codes] of Object.entries(makeTheme({name: 'mono', depth: 'true', isDumb: false}, unicodeGlyphs).sgr)) {
		t.notRegex(codes, /(?:^|;)(?:3\d|4[0-8]|9\d)(?:;|$)/, role);
	}
});

function colour(codes: string, kind: 38 | 48): Rgb | undefined {
	const [, red, green, blue] = new RegExp(`(?:^|;)${kind};2;(\\d+);(\\d+);(\\d+)`).exec(codes) ?? [];
	return red === undefined ? undefined : [Number(red), Number(green), Number(blue)];
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
	return (0.2126 * red) + (0.7152 * green) + (0.0722 * blue);
}

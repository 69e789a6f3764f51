/** The theme of the screen: the colors of its roles, and its glyphs. */
import {asciiFallbacks, showsUnicode} from '../../base/text/terminal-charset.ts';
import {
	formatSgr,
	type ColorDepth,
	roles,
	shippedThemeNames,
	type Colors,
	type Role,
	type ShippedThemeName,
} from '../themes/theme-roles.ts';

export type {Role} from '../themes/theme-roles.ts';

export const unicodeGlyphs = {
	strokes: {proven: '━', inferred: '╍', unknown: '┈', unseen: '─'},
	arrow: '►',
	broke: '✗',
	open: '●',
	working: '◐',
	stopped: '○',
	failed: '✗',
	look: '!',
	paused: '‖',
	passed: '✓',
	cursor: '▸',
	cursorElsewhere: '▹',
	marked: '◆',
	chooseLeft: '◂',
	chooseRight: '▸',
	caret: '▏',
	rule: '─',
	tabLeft: '┤',
	tabRight: '├',
	upRule: '│',
	edge: {window: '┃', rest: '│', error: 'e', warn: 'w', match: '•', gap: '≈'},
	frame: {topLeft: '╭', topRight: '╮', bottomLeft: '╰', bottomRight: '╯', side: '│', along: '─'},
	dot: '·',
	more: '…',
	newLine: '⏎',
	to: '→',
	into: '›',
};

export type Glyphs = typeof unicodeGlyphs;

export const asciiGlyphs: Glyphs = {
	strokes: {proven: '=', inferred: '~', unknown: '.', unseen: '-'},
	arrow: '>',
	broke: 'x',
	open: '*',
	working: '%',
	stopped: 'o',
	failed: 'x',
	look: '!',
	paused: '=',
	passed: '+',
	cursor: '>',
	cursorElsewhere: '.',
	marked: '&',
	chooseLeft: '<',
	chooseRight: '>',
	caret: '_',
	rule: '-',
	tabLeft: '[',
	tabRight: ']',
	upRule: '|',
	edge: {window: '#', rest: '|', error: 'e', warn: 'w', match: '.', gap: '~'},
	frame: {topLeft: '+', topRight: '+', bottomLeft: '+', bottomRight: '+', side: '|', along: '-'},
	dot: '|',
	more: '$',
	newLine: '\\n',
	to: '>',
	into: '/',
};

/** For a screen reader: glyphs are not read, because words say the same, and a separator is a comma. */
export const readerGlyphs: Glyphs = {
	...(JSON.parse(JSON.stringify(unicodeGlyphs), (_, glyph: unknown) => (typeof glyph === 'string' ? '' : glyph)) as Glyphs),
	dot: ',',
	more: unicodeGlyphs.more,
	newLine: ',',
	to: 'to',
};

/** Glyphs in texts of spoke, one cell each. */
const spelled: Readonly<Record<string, string>> = {
	...asciiFallbacks,
	...Object.fromEntries(
		(
			[
				'passed',
				'failed',
				'open',
				'working',
				'stopped',
				'marked',
				'cursor',
				'rule',
				'upRule',
				'caret',
				'arrow',
				'dot',
				'more',
				'to',
				'into',
			] as const
		).map(name => [unicodeGlyphs[name], asciiGlyphs[name]]),
	),
	...Object.fromEntries(
		(['proven', 'inferred', 'unknown'] as const).map(basis => [unicodeGlyphs.strokes[basis], asciiGlyphs.strokes[basis]]),
	),
};

/** SGR parameters. An empty text is the terminal's own color. */
export type Theme = {sgr: Readonly<Record<Role, string>>; glyphs: Glyphs};

/** No escape sequences, for TERM=dumb. */
const bare = sgrOf(() => '');

type ThemeChoice = {name: ShippedThemeName; depth: ColorDepth; isDumb: boolean};

/** `colors`: of the theme of that name, or of one that extends it. */
export function makeTheme({name, depth, isDumb}: ThemeChoice, colors: Colors, glyphs: Glyphs): Theme {
	const isBare = isDumb && (name === 'ansi' || name === 'mono');
	return {sgr: isBare ? bare : sgrOf(role => formatSgr(colors[role], depth)), glyphs};
}

function sgrOf(codes: (role: Role) => string): Theme['sgr'] {
	return Object.fromEntries(roles.map(role => [role, codes(role)])) as Theme['sgr'];
}

/** `background`: the terminal's response to OSC 11. */
export function chooseTheme(env: NodeJS.ProcessEnv, wanted: string | undefined, background: string | null): ThemeChoice {
	const isDumb = env['TERM'] === 'dumb';
	const depth = /truecolor|24bit/i.test(env['COLORTERM'] ?? '') ? 'true' : '256';
	const asked = wanted ?? env['SPOKE_THEME'];
	const named = shippedThemeNames.find(name => name === asked);
	if (named !== undefined) {
		return {name: named, depth, isDumb};
	}

	if ((env['NO_COLOR'] ?? '') !== '' || env['FORCE_COLOR'] === '0' || isDumb) {
		return {name: 'mono', depth, isDumb};
	}

	const lightness = background === null ? null : lightnessOf(background);
	if (lightness === null) {
		return {name: 'ansi', depth, isDumb};
	}

	// On white, bright yellow and cyan of 16 colors are unreadable. A terminal that reports its background has 256 colors, whatever TERM
	// says.
	if (lightness > 0.5) {
		return {name: 'light', depth, isDumb};
	}

	const hasPalette = depth === 'true' || /256|kitty|alacritty|ghostty|foot|wezterm/i.test(env['TERM'] ?? '');
	return {name: hasPalette ? 'dark' : 'ansi', depth, isDumb};
}

/** `11;rgb:1e1e/1e1e/1e1e` → 0…1. */
function lightnessOf(report: string): number | null {
	const found = /^11;rgba?:([\da-f]+)\/([\da-f]+)\/([\da-f]+)/i.exec(report);
	if (!found) {
		return null;
	}

	const [red, green, blue] = found.slice(1, 4).map(part => Number.parseInt(part, 16) / (16 ** part.length - 1)) as [number, number, number];
	return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

export const plainTheme: Theme = {sgr: bare, glyphs: asciiGlyphs};

export function chooseGlyphs(env: NodeJS.ProcessEnv, platform: string): Glyphs {
	return showsUnicode(env, platform) ? unicodeGlyphs : asciiGlyphs;
}

/** Keeps the width. Characters that are not glyphs of spoke stay. */
export function toAscii(text: string): string {
	return text.replaceAll(/[^\u0000-\u007F]/g, glyph => spelled[glyph] ?? glyph);
}

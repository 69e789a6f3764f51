/** Colors by role. */
import {formatSgr, type ColorDepth} from '../../themes/color.ts';
import {roles, shippedThemeNames, type Colors, type Role, type ShippedThemeName} from '../../themes/theme-roles.ts';
import {asciiGlyphs, type Glyphs} from './glyphs.ts';

export type {Role} from '../../themes/theme-roles.ts';

/** SGR parameters. An empty text is the terminal's own color. */
export type Theme = {sgr: Readonly<Record<Role, string>>; glyphs: Glyphs};

/** No escape sequences, for TERM=dumb. */
const bare = sgrOf(() => '');

export type ThemeChoice = {name: ShippedThemeName; depth: ColorDepth; isDumb: boolean};

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

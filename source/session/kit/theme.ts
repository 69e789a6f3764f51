/** Colors by role. */
import {asciiGlyphs, type Glyphs} from './glyphs.ts';

export type Role =
	| 'tls.verified'
	| 'tls.unverified'
	| 'tls.plain'
	| 'tls.unknown'
	| 'tls.refused'
	| 'route'
	| 'state.open'
	| 'state.working'
	| 'state.stopped'
	| 'state.failed'
	| 'text.dim'
	| 'title'
	| 'rule'
	| 'focus'
	| 'key'
	| 'mark'
	| 'level.warn'
	| 'level.error'
	| 'notice.warn'
	| 'notice.error'
	| 'danger'
	| 'json.key'
	| 'json.string'
	| 'json.number'
	| 'gap'
	| 'sandbox'
	| 'selection'
	| 'match'
	| 'match.current'
	| 'pod.1'
	| 'pod.2'
	| 'pod.3'
	| 'pod.4'
	| 'pod.5'
	| 'pod.6'
	| 'pod.7'
	| 'pod.8'
	| 'gone';

export type ThemeName = 'dark' | 'light' | 'ansi' | 'mono';
/** An empty text is the terminal's own color. */
export type Theme = {name: ThemeName; sgr: Readonly<Record<Role, string>>; glyphs: Glyphs};

type Colors = Readonly<Record<Role, string>>;

const dark: Colors = {
	'tls.verified': '#5fd7af',
	'state.open': '#5fd7af',
	'tls.unverified': 'bold #ffaf5f',
	'tls.plain': 'bold underline #ff87d7',
	'tls.refused': 'bold #ff8787',
	'tls.unknown': '#a8a8a8',
	'text.dim': '#a8a8a8',
	'state.stopped': '#a8a8a8',
	route: '#87afff',
	'json.key': '#87afff',
	'json.number': '#ffaf5f',
	focus: '#87d7ff',
	key: '#87d7ff',
	mark: '#87d7ff',
	title: '#d0d0d0',
	rule: '#6c6c6c',
	'state.working': '#ffd75f',
	'level.warn': '#ffd75f',
	'notice.warn': '#ffd75f',
	'state.failed': '#ff8787',
	'level.error': '#ff8787',
	'notice.error': '#ff8787',
	danger: 'bold #ff8787',
	gap: '#d7afff',
	sandbox: 'bold #d7afff',
	selection: 'on #3a3a5a',
	match: '#000000 on #ffd75f',
	'match.current': 'bold #000000 on #ffaf00',
	'json.string': '#afd787',
	gone: 'strike #a8a8a8',
	'pod.1': '#87d7d7',
	'pod.2': '#d7afaf',
	'pod.3': '#afd787',
	'pod.4': '#d7af87',
	'pod.5': '#afafff',
	'pod.6': '#d7afd7',
	'pod.7': '#d7d787',
	'pod.8': '#87d7af',
};

const light: Colors = {
	'tls.verified': '#00695c',
	'state.open': '#00695c',
	'tls.unverified': 'bold #9a4d00',
	'tls.plain': 'bold underline #a0107f',
	'tls.refused': 'bold #b00020',
	'tls.unknown': '#5f5f5f',
	'text.dim': '#5f5f5f',
	'state.stopped': '#5f5f5f',
	route: '#1f4fbf',
	'json.key': '#1f4fbf',
	'json.number': '#9a4d00',
	focus: '#005f87',
	key: '#005f87',
	mark: '#005f87',
	title: '#303030',
	rule: '#888888',
	'state.working': '#7a5b00',
	'level.warn': '#7a5b00',
	'notice.warn': '#7a5b00',
	'state.failed': '#b00020',
	'level.error': '#b00020',
	'notice.error': '#b00020',
	danger: 'bold #b00020',
	gap: '#6a2fb0',
	sandbox: 'bold #6a2fb0',
	selection: 'on #dbe6ff',
	match: '#000000 on #ffd75f',
	'match.current': 'bold #000000 on #ffaf00',
	'json.string': '#3d6b00',
	gone: 'strike #5f5f5f',
	'pod.1': '#00606b',
	'pod.2': '#8b2a2a',
	'pod.3': '#3d6b00',
	'pod.4': '#7a4a00',
	'pod.5': '#3d3dab',
	'pod.6': '#7a2a7a',
	'pod.7': '#5f5f00',
	'pod.8': '#006b45',
};

/** A match is also underlined, because the selected row is inverse too. */
const ansi: Colors = {
	'tls.verified': '32',
	'state.open': '32',
	'tls.unverified': '1;33',
	'tls.plain': '1;4;95',
	'tls.refused': '1;31',
	'tls.unknown': '2',
	'text.dim': '2',
	'state.stopped': '2',
	route: '36',
	'json.key': '36',
	'json.number': '33',
	focus: '96',
	key: '96',
	mark: '96',
	title: '1',
	rule: '90',
	'state.working': '33',
	'level.warn': '33',
	'notice.warn': '33',
	'state.failed': '31',
	'level.error': '31',
	'notice.error': '31',
	danger: '1;31',
	gap: '1',
	sandbox: '7',
	selection: '7',
	match: '4;7',
	'match.current': '1;4;7',
	'json.string': '32',
	gone: '2;9',
	'pod.1': '31',
	'pod.2': '33',
	'pod.3': '35',
	'pod.4': '36',
	'pod.5': '91',
	'pod.6': '93',
	'pod.7': '95',
	'pod.8': '96',
};

const mono: Colors = {
	'tls.verified': '',
	'state.open': '',
	'tls.unverified': '1',
	'tls.plain': '1;4',
	'tls.refused': '1',
	'tls.unknown': '2',
	'text.dim': '2',
	'state.stopped': '2',
	route: '',
	'json.key': '',
	'json.number': '',
	focus: '1',
	key: '1',
	mark: '1',
	title: '1',
	rule: '',
	'state.working': '',
	'level.warn': '',
	'notice.warn': '',
	'state.failed': '1',
	'level.error': '1',
	'notice.error': '1',
	danger: '1',
	gap: '1',
	sandbox: '7',
	selection: '7',
	match: '4;7',
	'match.current': '1;4;7',
	'json.string': '',
	gone: '2;9',
	'pod.1': '',
	'pod.2': '',
	'pod.3': '',
	'pod.4': '',
	'pod.5': '',
	'pod.6': '',
	'pod.7': '',
	'pod.8': '',
};

/** No escape sequences, for TERM=dumb. */
const bare = Object.fromEntries(Object.keys(mono).map(role => [role, ''])) as Colors;

export type ColorDepth = 'true' | '256';

export type ThemeChoice = {name: ThemeName; depth: ColorDepth; isDumb: boolean};

export function makeTheme({name, depth, isDumb}: ThemeChoice, glyphs: Glyphs): Theme {
	const colors = {dark, light, ansi, mono}[name];
	if (name === 'dark' || name === 'light') {
		return {name, sgr: Object.fromEntries(Object.entries(colors).map(([role, words]) => [role, asSgr(words, depth)])) as Colors, glyphs};
	}

	return {name, sgr: isDumb ? bare : colors, glyphs};
}

/** `background`: the terminal's response to OSC 11. */
export function chooseTheme(env: NodeJS.ProcessEnv, wanted: string | undefined, background: string | null): ThemeChoice {
	const isDumb = env['TERM'] === 'dumb';
	const depth = /truecolor|24bit/i.test(env['COLORTERM'] ?? '') ? 'true' : '256';
	const asked = wanted ?? env['SPOKE_THEME'] ?? 'auto';
	if (asked === 'dark' || asked === 'light' || asked === 'ansi' || asked === 'mono') {
		return {name: asked, depth, isDumb};
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

const weights: Readonly<Record<string, string>> = {bold: '1', underline: '4', strike: '9'};

function asSgr(words: string, depth: ColorDepth): string {
	const codes: string[] = [];
	let ground = false;
	for (const word of words.split(' ')) {
		if (word === 'on') {
			ground = true;
		} else if (word.startsWith('#')) {
			const rgb = [1, 3, 5].map(at => Number.parseInt(word.slice(at, at + 2), 16)) as [number, number, number];
			codes.push(`${ground ? 48 : 38};${depth === 'true' ? `2;${rgb.join(';')}` : `5;${nearestOf256(rgb)}`}`);
		} else {
			codes.push(weights[word]!);
		}
	}

	return codes.join(';');
}

/** Nearest color in the 6×6×6 cube or the grays after it, because the darkest steps of the cube are black and a medium gray. */
function nearestOf256(rgb: readonly [number, number, number]): number {
	const steps = [0, 95, 135, 175, 215, 255];
	const nearest = (value: number) =>
		steps.reduce((best, step, index) => (Math.abs(step - value) < Math.abs(steps[best]! - value) ? index : best), 0);
	const [red, green, blue] = rgb.map(value => nearest(value)) as [number, number, number];
	const gray = Math.min(23, Math.max(0, Math.round(((rgb[0] + rgb[1] + rgb[2]) / 3 - 8) / 10)));
	const off = (values: readonly number[]) => values.reduce((sum, value, index) => sum + (value - rgb[index]!) ** 2, 0);
	const ofGray = 8 + 10 * gray;
	return off([ofGray, ofGray, ofGray]) < off([steps[red]!, steps[green]!, steps[blue]!]) ? 232 + gray : 16 + 36 * red + 6 * green + blue;
}

export const plainTheme: Theme = {name: 'mono', sgr: bare, glyphs: asciiGlyphs};

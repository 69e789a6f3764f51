/** The signs of our own words on a terminal that has none of them. */
import process from 'node:process';

/**
By what the user says, else by the terminal and by the locale as the system's C library decides it.
macOS sets no locale for programs that no terminal started, and all of its terminals know UTF-8.
*/
export function showsUnicode(env: NodeJS.ProcessEnv, platform: string): boolean {
	if (env['SPOKE_GLYPHS'] === 'ascii' || env['TERM'] === 'linux' || env['TERM'] === 'dumb') {
		return false;
	}

	const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
	return env['SPOKE_GLYPHS'] === 'unicode' || /utf-?8/i.test(locale) || (locale === '' && platform === 'darwin');
}

/** One cell each, so that columns stay. */
export const asciiFallbacks: Readonly<Record<string, string>> = {
	'←': '<',
	'↑': '^',
	'↓': 'v',
	'–': '-',
	'—': '-',
	'’': "'",
	'‘': "'",
	'“': '"',
	'”': '"',
	'×': 'x',
	'≤': '<',
	'≥': '>',
	'⟨': '<',
	'⟩': '>',
	'␛': '^',
};

/** Of reports, which need no width. */
const reportFallbacks: Readonly<Record<string, string>> = {
	...asciiFallbacks,
	'→': '->',
	'≤': '<=',
	'≥': '>=',
	'…': '...',
	'§': 'section ',
	µ: 'u',
	μ: 'u',
	'·': '-',
	'✓': '+',
	'✗': 'x',
	'━': '=',
	'╍': '~',
	'┈': '.',
	'─': '-',
	'│': '|',
	'►': '>',
	'╭': '+',
	'╮': '+',
	'╰': '+',
	'╯': '+',
};

/** `text` as `to` can show it. A file or a pipe gets it as it is, and letters stay: they are the cluster's or the user's. */
export function toTerminalCharset(
	to: {readonly isTTY?: boolean | undefined},
	text: string,
	env: NodeJS.ProcessEnv = process.env,
	platform: string = process.platform,
): string {
	return to.isTTY && !showsUnicode(env, platform) ? text.replaceAll(/[^\u0000-\u007F]/g, sign => reportFallbacks[sign] ?? sign) : text;
}

/** Replacement of non-ASCII glyphs on terminals without UTF-8. */
import process from 'node:process';

/**
SPOKE_GLYPHS overrides the locale, which is determined as in the C library. macOS may set no locale, but all its terminals support UTF-8.
*/
export function showsUnicode(env: NodeJS.ProcessEnv, platform: string): boolean {
	if (env['SPOKE_GLYPHS'] === 'ascii' || env['TERM'] === 'linux' || env['TERM'] === 'dumb') {
		return false;
	}

	const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
	return env['SPOKE_GLYPHS'] === 'unicode' || /utf-?8/i.test(locale) || (locale === '' && platform === 'darwin');
}

/** Fallbacks of one cell each, to keep columns aligned. */
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

/** Only for terminals. Letters stay, because they come from the cluster or the user. */
export function toTerminalCharset(
	to: {readonly isTTY?: boolean | undefined},
	text: string,
	env: NodeJS.ProcessEnv = process.env,
	platform: string = process.platform,
): string {
	return to.isTTY && !showsUnicode(env, platform) ? text.replaceAll(/[^\u0000-\u007F]/g, sign => reportFallbacks[sign] ?? sign) : text;
}

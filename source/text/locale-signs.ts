/** The signs of our own words on a terminal whose locale has none of them. */
import process from 'node:process';

/** As the system's C library decides; macOS sets none for programs that are not started by a terminal, and all of its terminals know UTF-8. */
export function isUtf8Locale(env: NodeJS.ProcessEnv, platform: string): boolean {
	const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
	return /utf-?8/i.test(locale) || (locale === '' && platform === 'darwin');
}

/** One cell each, so that columns stay. */
export const plainSigns: Readonly<Record<string, string>> = {
	'←': '<', '↑': '^', '→': '>', '↓': 'v', '–': '-', '—': '-', '’': '\'', '‘': '\'', '“': '"', '”': '"', '×': 'x', '≤': '<', '≥': '>', '⟨': '<', '⟩': '>', '␛': '^',
};

/** Of reports, which need no width. */
const wideSigns: Readonly<Record<string, string>> = {
	...plainSigns, '→': '->', '≤': '<=', '≥': '>=', '…': '...', '§': 'section ', 'µ': 'u', 'μ': 'u', '·': '-', '✓': '+', '✗': 'x',
	'━': '=', '╍': '~', '┈': '.', '─': '-', '│': '|', '►': '>', '╭': '+', '╮': '+', '╰': '+', '╯': '+',
};

/** `text` as `to` can show it. A file or a pipe gets it as it is, and letters stay: they are the cluster's or the user's. */
export function shownOn(to: {readonly isTTY?: boolean | undefined}, text: string, env: NodeJS.ProcessEnv = process.env, platform: string = process.platform): string {
	return to.isTTY && !isUtf8Locale(env, platform) ? text.replaceAll(/[^\u0000-\u007F]/g, sign => wideSigns[sign] ?? sign) : text;
}

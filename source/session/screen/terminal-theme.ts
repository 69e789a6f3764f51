/** Theme and glyphs of the terminal. */
import process from 'node:process';
import {chooseGlyphs} from '../../ui/glyphs.ts';
import {chooseTheme, makeTheme, type Theme} from '../../ui/theme.ts';

/** Sent once; the key decoder drops later reports. */
export const backgroundQuery = '\u001B]11;?\u001B\\';

export function needsBackgroundQuery(env: NodeJS.ProcessEnv, wanted: string | undefined): boolean {
	return wanted === undefined && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}

/** `background` is the response to `backgroundQuery`. */
export function themeFor(env: NodeJS.ProcessEnv, wanted: string | undefined, background: string | null): Theme {
	return makeTheme(chooseTheme(env, wanted, background), chooseGlyphs(env, process.platform));
}

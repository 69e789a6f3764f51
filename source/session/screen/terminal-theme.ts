/** Which theme and which signs: what the person asked for, the environment, and the terminal's own background. */
import process from 'node:process';
import {chooseGlyphs} from '../../ui/glyphs.ts';
import {chooseTheme, makeTheme, type Theme} from '../../ui/theme.ts';

/** Asked once at the start; an answer that comes later is swallowed by the key decoder. */
export const backgroundQuery = '\u001B]11;?\u001B\\';

/** Whether its background decides anything. */
export function needsBackgroundQuery(env: NodeJS.ProcessEnv, wanted: string | undefined): boolean {
	return wanted === undefined && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
}

/** `background` is the terminal’s answer to `backgroundQuery`, `null` before it came. */
export function themeFor(env: NodeJS.ProcessEnv, wanted: string | undefined, background: string | null): Theme {
	return makeTheme(chooseTheme(env, wanted, background), chooseGlyphs(env, process.platform));
}

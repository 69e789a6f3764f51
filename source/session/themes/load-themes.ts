/** Loader of the shipped themes and of one's own. */
import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {closestWord} from '../../base/command-line/parse-command-line.ts';
import {configDirectory} from '../../base/command-line/private-files.ts';
import {type SettingsProblem, SpokeError} from '../../base/errors/spoke-error.ts';
import type {ParsedTheme} from './parse-theme.ts';
import {shippedThemes} from './shipped-themes.ts';
import {roles, shippedThemeNames, type Colors, type ShippedThemeName} from './theme-roles.ts';

/** `own`: the colors of a file, with those of the theme that it extends. */
export type LoadedThemes = {
	shipped: Readonly<Record<ShippedThemeName, Colors>>;
	own: {file: string; extends: ShippedThemeName; colors: Colors} | null;
	problems: readonly SettingsProblem[];
};

const extensions = ['.yaml', '.json'];

/**
`wanted`: `auto`, a shipped theme, the name of a file in ~/.config/spoke/themes, or a path. Never throws for the content of a file.
@throws SpokeError ERR_THEME when the file cannot be read
*/
export async function loadThemes(env: NodeJS.ProcessEnv, wanted = 'auto'): Promise<LoadedThemes> {
	const parsed = await shippedThemes();
	const shipped = Object.fromEntries(shippedThemeNames.map(name => [name, parsed[name].colors])) as Record<ShippedThemeName, Colors>;
	if (wanted === 'auto' || Object.hasOwn(shipped, wanted)) {
		return {shipped, own: null, problems: []};
	}

	const {file, theme} = await readTheme(env, wanted);
	const base = theme.extends ?? 'dark';
	const colors = {...shipped[base], ...theme.colors};
	return {shipped, own: {file, extends: base, colors}, problems: theme.problems};
}

/** The names of the files in ~/.config/spoke/themes. */
export async function ownThemeNames(env: NodeJS.ProcessEnv): Promise<readonly string[]> {
	const directory = themesDirectory(env);
	const files = directory === null ? [] : await readdir(directory).catch(() => []);
	return files.flatMap(file => extensions.filter(end => file.endsWith(end)).map(end => file.slice(0, -end.length))).sort();
}

/** A file that extends `base`, with all roles. */
export function formatTheme(base: ShippedThemeName, colors: Colors): string {
	return `extends: ${base}\ncolors:\n${roles.map(role => `  ${role}: ${JSON.stringify(colors[role])}\n`).join('')}`;
}

async function readTheme(env: NodeJS.ProcessEnv, wanted: string): Promise<{file: string; theme: ParsedTheme}> {
	const directory = themesDirectory(env);
	const isPath = wanted.includes('/') || extensions.some(end => wanted.endsWith(end));
	const files = isPath ? [wanted] : directory === null ? [] : extensions.map(end => join(directory, `${wanted}${end}`));
	for (const file of files) {
		try {
			const text = await readFile(file, 'utf8');
			const {parseTheme} = await import('./parse-theme.ts');
			return {file, theme: parseTheme(file, text)};
		} catch (error) {
			if (isPath || (error as NodeJS.ErrnoException).code !== 'ENOENT') {
				throw new SpokeError('ERR_THEME', `cannot read theme ${file}: ${(error as Error).message}`, {cause: error});
			}
		}
	}

	const closest = closestWord(wanted, ['auto', ...shippedThemeNames, ...(await ownThemeNames(env))]);
	throw new SpokeError('ERR_THEME', `unknown theme ${wanted}${closest === null ? '' : ` (did you mean ${closest}?)`}`, {
		remedy: `pass auto, ${shippedThemeNames.join(', ')}, a file, or the name of a file in ${directory ?? '~/.config/spoke/themes'}`,
	});
}

function themesDirectory(env: NodeJS.ProcessEnv): string | null {
	const directory = configDirectory(env);
	return directory === null ? null : join(directory, 'themes');
}

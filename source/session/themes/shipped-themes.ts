/** The shipped themes. The build replaces this module, so that the start parses no YAML. */
import {readFile} from 'node:fs/promises';
import {parseTheme, type ParsedTheme} from './parse-theme.ts';
import {shippedThemeNames, type ShippedThemeName} from './theme-roles.ts';

const directory = new URL('../../../themes/', import.meta.url);

export async function shippedThemes(): Promise<Readonly<Record<ShippedThemeName, ParsedTheme>>> {
	const read = async (name: ShippedThemeName) =>
		[name, parseTheme(`themes/${name}.yaml`, await readFile(new URL(`${name}.yaml`, directory), 'utf8'))] as const;
	return Object.fromEntries(await Promise.all(shippedThemeNames.map(read))) as Record<ShippedThemeName, ParsedTheme>;
}

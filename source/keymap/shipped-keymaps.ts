/** The shipped keymaps. The build replaces this module by the parsed files, so that the start parses no YAML. */
import {readFile} from 'node:fs/promises';
import {parseKeymap, type ParsedKeymap} from './parse-keymap.ts';

const directory = new URL('../../keymaps/', import.meta.url);

/** `name` is `default` or a preset. */
export async function shippedKeymap(name: string): Promise<ParsedKeymap> {
	return parseKeymap(`keymaps/${name}.yaml`, await readFile(new URL(`${name}.yaml`, directory), 'utf8'));
}

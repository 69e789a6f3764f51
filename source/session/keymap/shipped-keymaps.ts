/** The shipped keymaps. The build replaces this module, so that the start parses no YAML. */
import {readFile} from 'node:fs/promises';
import {parseKeymap, type ParsedKeymap} from './parse-keymap.ts';

const directory = new URL('../../../keymaps/', import.meta.url);

/** `default` or a preset. */
export async function shippedKeymap(name: string): Promise<ParsedKeymap> {
	return parseKeymap(`keymaps/${name}.yaml`, await readFile(new URL(`${name}.yaml`, directory), 'utf8'));
}

/** The keymaps that come with the program, each as its file says. The build reads the files once and puts what they say in this module's place, so that a start parses no YAML. */
import {readFile} from 'node:fs/promises';
import {parseKeymap, type ParsedKeymap} from './parse-keymap.ts';

const folder = new URL('../../keymaps/', import.meta.url);

/** `name` is `default` or one of the overlays. */
export async function shippedKeymap(name: string): Promise<ParsedKeymap> {
	return parseKeymap(`keymaps/${name}.yaml`, await readFile(new URL(`${name}.yaml`, folder), 'utf8'));
}

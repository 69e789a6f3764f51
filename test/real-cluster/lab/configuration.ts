/** Configuration files of the lab's programs. */
import {mkdir, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import type {Lab} from './lab.ts';

/** Objects become JSON, which every program here accepts as YAML. Returns the path in `configuration/`. */
export async function writeConfiguration(lab: Lab, name: string, content: string | object): Promise<string> {
	const path = join(lab.folder, 'configuration', name);
	await mkdir(dirname(path), {recursive: true});
	await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content, undefined, '\t'));
	return path;
}

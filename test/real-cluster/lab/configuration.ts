/** Configuration files of the lab's programs. */
import {mkdir, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import type {Lab} from './lab.ts';

/** Writes a file under `configuration/` of the lab; objects become JSON, which every program here also takes for YAML. Returns its path. */
export async function writeConfiguration(lab: Lab, name: string, content: string | object): Promise<string> {
	const path = join(lab.folder, 'configuration', name);
	await mkdir(dirname(path), {recursive: true});
	await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content, undefined, '\t'));
	return path;
}

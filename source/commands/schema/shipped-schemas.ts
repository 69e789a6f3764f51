/** The JSON Schemas of what `-o json` prints. The build replaces this file by their texts. */
import {readFile} from 'node:fs/promises';
import {schemaNames} from './spec.ts';

const directory = new URL('../../../schemas/', import.meta.url);

/** By name, in the order of the list. */
export async function shippedSchemas(): Promise<Readonly<Record<string, string>>> {
	return Object.fromEntries(
		await Promise.all(schemaNames.map(async name => [name, await readFile(new URL(`${name}.json`, directory), 'utf8')] as const)),
	);
}

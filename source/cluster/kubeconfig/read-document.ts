/** JSON or YAML text as plain data, by the quickest reader that understands it. */
import {parseBoringYaml} from './parse-boring-yaml.ts';
import type {Plain} from './parse-yaml.ts';

/**
The text's data.
@throws Error whose message is one line and repeats nothing of the text's values
*/
export async function readDocument(text: string): Promise<Plain> {
	const json = /^\s*\{/.test(text) ? readJson(text) : undefined;
	if (json !== undefined) {
		return json;
	}

	const boring = parseBoringYaml(text);
	if (boring !== undefined) {
		return boring;
	}

	const {parseYaml} = await import('./parse-yaml.ts');
	return parseYaml(text);
}

/** `undefined` for what only looks like JSON: a flow map of YAML. */
function readJson(text: string): Plain | undefined {
	try {
		return plain(JSON.parse(text));
	} catch {
		return undefined;
	}
}

function plain(value: unknown): Plain {
	if (Array.isArray(value)) {
		return value.map(item => plain(item));
	}

	return typeof value === 'object' && value !== null ? new Map(Object.entries(value).map(([key, inner]) => [key, plain(inner)])) : value as Plain;
}

/** JSON or YAML text as plain data, by the quickest reader that understands it. */
import {parseSimpleYaml} from './parse-simple-yaml.ts';
import type {PlainValue} from './parse-yaml.ts';

/**
The data of a file in any encoding that YAML allows.
@throws Error whose message is one line and repeats nothing of the file's values
*/
export async function parseFileDocument(content: Buffer): Promise<PlainValue> {
	const text = decodeText(content);
	if (/[^\t\n\r -~\u0085\u00A0-\uFFFD]/.test(text)) {
		throw new Error('yaml: control characters are not allowed');
	}

	// Of YAML 1.1 all of these end a line.
	return parseDocument(text.replaceAll(/\r\n?|[\u0085\u2028\u2029]/g, '\n'));
}

/** A byte order mark tells UTF-16; without one it is UTF-8. */
function decodeText(content: Buffer): string {
	const mark = content.subarray(0, 2).toString('hex');
	const encoding = mark === 'fffe' ? 'utf-16le' : mark === 'feff' ? 'utf-16be' : 'utf8';
	try {
		return new TextDecoder(encoding, {fatal: true}).decode(content);
	} catch {
		throw new Error(`yaml: this is not ${encoding.toUpperCase()}`);
	}
}

/**
What a program prints, as client-go's decoder recognizes it: JSON where it begins with a brace, and nothing else then.
@throws Error as `readFileDocument`
*/
export async function parsePluginOutput(text: string): Promise<PlainValue> {
	if (!/^[\t-\r \u0085\u00A0]*\{/.test(text)) {
		return parseDocument(text.replace(/^\uFEFF/, ''));
	}

	const json = parseJson(text);
	if (json === undefined) {
		throw new Error('json parse error');
	}

	return json;
}

/**
The text's data.
@throws Error whose message is one line and repeats nothing of the text's values
*/
export async function parseDocument(text: string): Promise<PlainValue> {
	// YAML has no escapes of surrogates, which JSON has.
	const json = /^\s*\{/.test(text) && !/\\u[dD][89a-fA-F]/.test(text) ? parseJson(text) : undefined;
	if (json !== undefined) {
		return json;
	}

	const simple = parseSimpleYaml(text);
	if (simple !== undefined) {
		return simple;
	}

	const {parseYaml} = await import('./parse-yaml.ts');
	return parseYaml(text);
}

/** `undefined` for what only looks like JSON: a flow map of YAML. */
function parseJson(text: string): PlainValue | undefined {
	try {
		return toPlain(JSON.parse(text));
	} catch {
		return undefined;
	}
}

function toPlain(value: unknown): PlainValue {
	if (Array.isArray(value)) {
		return value.map(item => toPlain(item));
	}

	return typeof value === 'object' && value !== null
		? new Map(Object.entries(value).map(([key, inner]) => [key, toPlain(inner)]))
		: (value as PlainValue);
}

/** JSON or YAML parsing. */
import type {PlainValue} from './parse-yaml.ts';

type Line = {indent: number; text: string};

type Reader = {lines: Line[]; index: number};

const reservedWords: ReadonlySet<string> = new Set(['y', 'yes', 'n', 'no', 'on', 'off', 'true', 'false', 'null', '~']);

/**
Accepts every encoding that YAML allows.
@throws Error with a one-line message that contains none of the file's values
*/
export async function parseFileDocument(content: Buffer): Promise<PlainValue> {
	const text = decodeText(content);
	if (/[^\t\n\r -~\u0085\u00A0-\uFFFD]/.test(text)) {
		throw new Error('yaml: control characters are not allowed');
	}

	// Line breaks in YAML 1.1.
	return parseDocument(text.replaceAll(/\r\n?|[\u0085\u2028\u2029]/g, '\n'));
}

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
As client-go's decoder: text that starts with a brace must be JSON.
@throws Error as `parseFileDocument`
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

/** @throws Error with a one-line message that contains none of the text's values */
export async function parseDocument(text: string): Promise<PlainValue> {
	// JSON allows escaped surrogates, YAML does not.
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

class NotSimple extends Error {}

/** `undefined` when any part could be ambiguous. */
export function parseSimpleYaml(text: string): PlainValue | undefined {
	try {
		const lines = splitLines(text);
		if (lines.length === 0 || lines[0]!.indent !== 0) {
			return undefined;
		}

		const reader = {lines, index: 0};
		const value = block(reader, 0);
		return reader.index === lines.length ? value : undefined;
	} catch (error) {
		if (error instanceof NotSimple) {
			return undefined;
		}

		throw error;
	}
}

function splitLines(text: string): Line[] {
	if (/[^\n\u0020-\u007E]/.test(text)) {
		throw new NotSimple();
	}

	const lines = text.split('\n');
	const body = lines[0] === '---' ? lines.slice(1) : lines;
	return body
		.filter(line => !/^ *(?:#.*)?$/.test(line))
		.map(line => {
			const indent = line.search(/[^ ]/);
			return {indent, text: line.slice(indent).trimEnd()};
		});
}

function block(reader: Reader, indent: number): PlainValue {
	return reader.lines[reader.index]!.text.startsWith('-') ? list(reader, indent) : map(reader, indent);
}

function list(reader: Reader, indent: number): PlainValue {
	const items: PlainValue[] = [];
	for (let line = reader.lines[reader.index]; line?.indent === indent && line.text.startsWith('-'); line = reader.lines[reader.index]) {
		const item = /^-( +)(\S.*)$/.exec(line.text);
		if (!item) {
			throw new NotSimple();
		}

		const inner = item[2]!;
		if (entryOf(inner)) {
			// It starts on the line of the dash, indented like its first key.
			reader.lines[reader.index] = {indent: indent + 1 + item[1]!.length, text: inner};
			items.push(map(reader, indent + 1 + item[1]!.length));
		} else {
			reader.index++;
			items.push(scalar(inner));
		}
	}

	return items;
}

function map(reader: Reader, indent: number): PlainValue {
	const fields = new Map<string, PlainValue>();
	for (let line = reader.lines[reader.index]; line?.indent === indent; line = reader.lines[reader.index]) {
		const entry = entryOf(line.text);
		if (!entry) {
			// A list at the indentation of its own key ends the map before it.
			throw new NotSimple();
		}

		reader.index++;
		fields.set(entry.key, entry.value === '' ? nested(reader, indent) : scalar(entry.value));
		if ((reader.lines[reader.index]?.indent ?? 0) > indent) {
			throw new NotSimple();
		}
	}

	return fields;
}

function nested(reader: Reader, indent: number): PlainValue {
	const next = reader.lines[reader.index];
	return next && (next.indent > indent || (next.indent === indent && next.text.startsWith('-'))) ? block(reader, next.indent) : null;
}

function entryOf(text: string): {key: string; value: string} | null {
	const match = /^([A-Za-z][\w./-]*):(?: +(\S.*))?$/.exec(text);
	return match && !reservedWords.has(match[1]!.toLowerCase()) ? {key: match[1]!, value: match[2] ?? ''} : null;
}

function scalar(text: string): PlainValue {
	const quoted = /^"([^"\\]*)"$|^'([^']*)'$/.exec(text);
	if (quoted) {
		return quoted[1] ?? quoted[2]!;
	}

	switch (text) {
		case 'true': {
			return true;
		}

		case 'false': {
			return false;
		}

		case 'null': {
			return null;
		}

		case '{}': {
			return new Map();
		}

		case '[]': {
			return [];
		}

		default: {
			// No ` #`, no word that ends in a colon and no opening bracket.
			if (
				!/^(?:[A-Za-z/]|--?[A-Za-z])[\w./+=@:,%~()-]*(?: [\w./+=@,%~()-]+)*$/.test(text) ||
				/:(?: |$)/.test(text) ||
				reservedWords.has(text.toLowerCase())
			) {
				throw new NotSimple();
			}

			return text;
		}
	}
}

/** Fields of a log line that is a JSON object or logfmt. */
import {isLosslessNumber, parseLosslessJson} from '../text/escaping.ts';

export type LineField = {name: string; value: string; kind: 'string' | 'number' | 'other'};
/** Time, level and message have many names. */
export type FieldLine = {time: string | null; level: string | null; message: string | null; fields: readonly LineField[]};

const timeNames = new Set(['time', 'ts', 'timestamp', '@timestamp', 'datetime', 't']);
const levelNames = new Set(['level', 'severity', 'lvl', 'loglevel', 'log.level']);
const messageNames = new Set(['msg', 'message', 'event', '@message', 'log']);

/** `null` for other text. */
export function readFieldLine(text: string): FieldLine | null {
	const fields = readFields(text);
	if (fields === null) {
		return null;
	}

	const line: {time: string | null; level: string | null; message: string | null; fields: LineField[]} = {
		time: null,
		level: null,
		message: null,
		fields: [],
	};
	for (const field of fields) {
		const {name, value} = field;
		if (line.time === null && timeNames.has(name)) {
			line.time = value;
		} else if (line.level === null && levelNames.has(name)) {
			line.level = value;
		} else if (line.message === null && messageNames.has(name)) {
			line.message = value;
		} else {
			line.fields.push(field);
		}
	}

	return line;
}

/** `null` for other text. */
export function readFields(text: string): readonly LineField[] | null {
	const values = parseFields(text);
	return values === null ? null : Object.entries(values).map(([name, value]) => asField(name, value));
}

/**
The named fields in this order, `undefined` for one that the line lacks; `null` for other text. If no field has the whole name,
`order.id` is the field `id` in the object `order`.
*/
export function pickFields(text: string, names: readonly string[]): ReadonlyArray<readonly [name: string, value: unknown]> | null {
	const values = parseFields(text);
	return values === null ? null : names.map(name => [name, fieldOf(values, name)] as const);
}

/** As one logfmt pair. */
export function formatLogfmt(name: string, value: unknown): string {
	const text = asField(name, value).value;
	return `${name}=${bareValue.test(text) ? text : JSON.stringify(text)}`;
}

const bareValue = /^[^\s"=\u0000-\u001F\u007F]+$/;

function parseFields(text: string): Readonly<Record<string, unknown>> | null {
	return /^\s*\{/.test(text) ? parseObject(text) : parseLogfmt(text);
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
	try {
		return parseLosslessJson(text) as Readonly<Record<string, unknown>>;
	} catch {
		return null;
	}
}

const logfmtPair = /([^\s"=]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))(?:\s+|$)/uy;

/** A line of at least two pairs and nothing else. Prose can contain `name=value` too. */
function parseLogfmt(text: string): Readonly<Record<string, string>> | null {
	const line = text.trimEnd();
	const pairs: Array<[string, string]> = [];
	logfmtPair.lastIndex = line.length - line.trimStart().length;
	while (logfmtPair.lastIndex < line.length) {
		const pair = logfmtPair.exec(line);
		if (pair === null) {
			return null;
		}

		pairs.push([pair[1]!, pair[2] === undefined ? pair[3]! : unquote(pair[2])]);
	}

	return pairs.length < 2 ? null : Object.fromEntries(pairs);
}

function unquote(text: string): string {
	try {
		return JSON.parse(`"${text}"`) as string;
	} catch {
		return text;
	}
}

function fieldOf(values: Readonly<Record<string, unknown>>, name: string): unknown {
	if (Object.hasOwn(values, name)) {
		return values[name];
	}

	let found: unknown = values;
	for (const part of name.split('.')) {
		if (typeof found !== 'object' || found === null || !Object.hasOwn(found, part)) {
			return undefined;
		}

		found = (found as Readonly<Record<string, unknown>>)[part];
	}

	return found;
}

function asField(name: string, value: unknown): LineField {
	return {
		name,
		value: typeof value === 'string' ? value : (JSON.stringify(value) ?? 'null'),
		kind: typeof value === 'string' ? 'string' : isLosslessNumber(value) ? 'number' : 'other',
	};
}

/** Fields of a log line that is a JSON object. */
import {isLosslessNumber, parseLosslessJson} from '../text/lossless-json.ts';

export type JsonField = {name: string; value: string; kind: 'string' | 'number' | 'other'};
export type JsonLine = {time: string | null; level: string | null; message: string | null; fields: readonly JsonField[]};

const timeNames = new Set(['time', 'ts', 'timestamp', '@timestamp', 'datetime', 't']);
const levelNames = new Set(['level', 'severity', 'lvl', 'loglevel', 'log.level']);
const messageNames = new Set(['msg', 'message', 'event', '@message', 'log']);

export function readJsonLine(text: string): JsonLine | null {
	if (!text.startsWith('{') || !text.trimEnd().endsWith('}')) {
		return null;
	}

	let parsed: unknown;
	try {
		parsed = parseLosslessJson(text);
	} catch {
		return null;
	}

	const line: {time: string | null; level: string | null; message: string | null; fields: JsonField[]} = {
		time: null,
		level: null,
		message: null,
		fields: [],
	};
	for (const [name, value] of Object.entries(parsed as Record<string, unknown>)) {
		const field = asField(name, value);
		if (line.time === null && timeNames.has(name)) {
			line.time = field.value;
		} else if (line.level === null && levelNames.has(name)) {
			line.level = field.value;
		} else if (line.message === null && messageNames.has(name)) {
			line.message = field.value;
		} else {
			line.fields.push(field);
		}
	}

	return line;
}

/** `null` if the text is not a JSON object. */
export function allJsonFields(text: string): readonly JsonField[] | null {
	if (!/^\s*\{/.test(text)) {
		return null;
	}

	try {
		return Object.entries(parseLosslessJson(text) as Record<string, unknown>).map(([name, value]) => asField(name, value));
	} catch {
		return null;
	}
}

function asField(name: string, value: unknown): JsonField {
	return {
		name,
		value: typeof value === 'string' ? value : (JSON.stringify(value) ?? 'null'),
		kind: typeof value === 'string' ? 'string' : isLosslessNumber(value) ? 'number' : 'other',
	};
}

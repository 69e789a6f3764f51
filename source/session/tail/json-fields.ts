/** Fields of a log line that is a JSON object. */
import {isLosslessNumber, parseLosslessJson} from '../../text/lossless-json.ts';
import {kindBits, type LineBlock, type LineBuffer} from './line-buffer.ts';
import type {TailView} from './tail-view.ts';

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

const judgedLines = 200;

/** Without a choice of the user, JSON is readable when most lines are JSON, until few are. */
export function chooseJson(view: TailView): TailView {
	if (view.jsonChoice !== null) {
		return view;
	}

	const share = jsonShare(view.buffer);
	const json = share > 0.5 || (view.json && share >= 0.25);
	return json === view.json ? view : {...view, json, counters: {...view.counters, json: json ? countJsonLines(view.buffer) : 0}};
}

/** Of the newest lines. */
function jsonShare({blocks}: LineBuffer): number {
	let [lines, json] = [0, 0];
	for (const block of blocks.slice(-2).reverse()) {
		for (let at = block.count - 1; at >= 0 && lines < judgedLines; at--) {
			if ((block.signs[at]! & kindBits) === 0) {
				lines++;
				json += startsObject(block, at) ? 1 : 0;
			}
		}
	}

	return lines === 0 ? 0 : json / lines;
}

export function countJsonLines({blocks}: LineBuffer): number {
	let count = 0;
	for (const block of blocks) {
		for (let at = 0; at < block.count; at++) {
			count += startsObject(block, at) ? 1 : 0;
		}
	}

	return count;
}

function startsObject({starts, bytes}: LineBlock, at: number): boolean {
	return starts[at]! < starts[at + 1]! && bytes[starts[at]!] === 0x7b;
}

function asField(name: string, value: unknown): JsonField {
	return {
		name,
		value: typeof value === 'string' ? value : (JSON.stringify(value) ?? 'null'),
		kind: typeof value === 'string' ? 'string' : isLosslessNumber(value) ? 'number' : 'other',
	};
}

/** Selection and form of the lines that `spoke logs` prints. Loaded only if a flag asks for it. */
import {LevelInheritance, levelNamed, levelOf, type LineLevel} from '../../base/lines/line-level.ts';
import {formatLogfmt, pickFields} from '../../base/lines/line-fields.ts';
import {parseLinePattern, selectTexts, type LinePatterns} from '../../base/text/search-patterns.ts';
import {logKey, type LogSource} from '../../streams/logs/log-events.ts';
import {eachLine, lineEnd} from '../../streams/logs/log-lines.ts';
import type {LineChoice} from './log-request.ts';

export type LineShaper = {
	/** From whole lines with timestamps to those that are printed. Needs every line of a log, in order, and each only once. */
	shape(block: Buffer, source: LogSource): Buffer;
	/** The named fields for JSON; `null` if none are named. */
	fieldsOf: ((text: string) => object | null) | null;
};

/** @throws SpokeError ERR_USAGE for an invalid regular expression */
export function createLineShaper({level, include, exclude, fields}: LineChoice, {json}: {json: boolean}): LineShaper {
	const lowest = levelNamed(level);
	const patterns = {
		include: include.map(text => parseLinePattern('--include', text)),
		exclude: exclude.map(text => parseLinePattern('--exclude', text)),
	};
	const inheritance = new LevelInheritance<string>();
	const select = (block: Buffer, source: LogSource) =>
		selectPatterns(lowest === 0 ? block : selectLevel(block, source, lowest, inheritance), patterns);
	return fields.length === 0 || json
		? {shape: select, fieldsOf: fields.length === 0 ? null : text => fieldObject(text, fields)}
		: {shape: (block, source) => showFields(select(block, source), fields), fieldsOf: null};
}

function fieldObject(text: string, fields: readonly string[]): object | null {
	const picked = pickFields(text, fields);
	return picked && Object.fromEntries(picked.map(([name, value]) => [name, value ?? null]));
}

/** Timestamps and lines without any of the fields stay. */
function showFields(block: Buffer, fields: readonly string[]): Buffer {
	const parts: Buffer[] = [];
	let start = 0;
	eachLine(block, (from, to) => {
		const end = lineEnd(block, to);
		const picked = pickFields(block.toString('utf8', from, to), fields)?.filter(([, value]) => value !== undefined) ?? [];
		parts.push(
			...(picked.length === 0
				? [block.subarray(start, end)]
				: [block.subarray(start, from), Buffer.from(`${picked.map(([name, value]) => formatLogfmt(name, value)).join(' ')}\n`)]),
		);
		start = end;
	});
	return Buffer.concat(parts);
}

function selectLevel(block: Buffer, source: LogSource, lowest: LineLevel, inheritance: LevelInheritance<string>): Buffer {
	const key = logKey(source);
	const selected: boolean[] = [];
	eachLine(block, (from, to, ms) => {
		selected.push(inheritance.levelOf(key, levelOf(block, from, to), ms, from < to ? block[from] : undefined) >= lowest);
	});
	return keepLines(block, selected);
}

function selectPatterns(block: Buffer, patterns: LinePatterns): Buffer {
	if (patterns.include.length + patterns.exclude.length === 0) {
		return block;
	}

	const texts: string[] = [];
	eachLine(block, (from, to) => {
		texts.push(block.toString('utf8', from, to));
	});
	return keepLines(block, selectTexts(patterns, texts));
}

/** The selected lines, byte for byte. */
function keepLines(block: Buffer, selected: readonly boolean[]): Buffer {
	if (!selected.includes(false)) {
		return block;
	}

	const kept: Buffer[] = [];
	let from = 0;
	for (const isKept of selected) {
		const end = lineEnd(block, from);
		if (isKept) {
			kept.push(block.subarray(from, end));
		}

		from = end;
	}

	return Buffer.concat(kept);
}

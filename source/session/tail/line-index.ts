/** Matching lines of a buffer, found block by block, and kept at four bytes each. */
import {matchWithin, describeRegexError, escapeRegExp, isLower, patternOf} from '../../base/text/search-patterns.ts';
import {LevelInheritance, type LineLevel} from '../../base/lines/line-level.ts';
import {formatNumber} from '../../base/text/formats.ts';
import {kindMask, levelMask, linesPerBlock, type LineBlock, type LineBuffer} from './line-buffer.ts';

export type LineQuery = {
	/** Empty matches all lines. */
	text: string;
	regex: boolean;
	inverse: boolean;
	/** This level and worse; 0 is all lines. A line without a level has that of the line that it continues. */
	level: LineLevel;
	hidden: ReadonlySet<number>;
	context: number;
	/** True in a filtered view, false in a search. */
	notices: boolean;
};

const regexLimitMs = 250;
const pieceBytes = 16 * 1024;

export class LineIndex {
	readonly query: LineQuery;
	readonly matches = new LineNumbers();
	/** Matches, the lines around them, and notices. */
	readonly shown = new LineNumbers();
	/** Why the query is invalid. Nothing matches then, and nothing is hidden. */
	problem: string | null = null;
	#scanned: number;
	#lastMatch = -1;
	#lastShown = -1;
	readonly #inheritance = new LevelInheritance<number>();
	readonly #pattern: RegExp | null = null;
	readonly #needle: Buffer;
	readonly #lowerNeedle: string;
	readonly #ignoreCase: boolean;

	constructor(query: LineQuery, from = 0) {
		this.query = query;
		this.#scanned = from;
		// Lower-case letters match both cases, capital letters only themselves.
		this.#ignoreCase = isLower(query.text) && query.text !== query.text.toUpperCase();
		this.#needle = Buffer.from(query.text);
		this.#lowerNeedle = this.#needle.toString('latin1').toLowerCase();
		// Only ASCII can be folded as bytes.
		const isByCharacters = query.regex || (this.#ignoreCase && !asciiOnly.test(query.text));
		if (isByCharacters && query.text !== '') {
			try {
				this.#pattern = patternOf(query.regex ? query.text : escapeRegExp(query.text));
			} catch (error) {
				this.problem = describeRegexError(error);
			}
		}
	}

	get scanned(): number {
		return this.#scanned;
	}

	/** Scans for about `budgetMs`; true if the index is complete. */
	advance(buffer: LineBuffer, budgetMs: number): boolean {
		const until = performance.now() + budgetMs;
		this.#scanned = Math.max(this.#scanned, buffer.first);
		this.matches.dropBelow(buffer.first);
		this.shown.dropBelow(buffer.first);
		while (this.#scanned < buffer.end) {
			const block = buffer.blockOf(this.#scanned)!;
			const from = this.#scanned - block.first;
			const found = this.#find(block, from);
			if (found === 'given-up') {
				this.#reset(buffer.first);
				continue;
			}

			this.#take(block, from, found);
			this.#scanned = block.first + block.count;
			if (performance.now() > until) {
				break;
			}
		}

		return this.#scanned >= buffer.end;
	}

	#reset(first: number): void {
		this.#scanned = first;
		this.#lastMatch = -1;
		this.#lastShown = -1;
		this.#inheritance.clear();
		this.matches.dropBelow(Infinity);
		this.shown.dropBelow(Infinity);
	}

	/** Indexes within the block, in order; `null` is all. */
	#find(block: LineBlock, from: number): ReadonlySet<number> | 'given-up' | null {
		if (this.query.text === '' || this.problem !== null) {
			return null;
		}

		const found = new Set<number>();
		if (this.#pattern) {
			const texts = Array.from({length: block.count - from}, (_, index) =>
				block.bytes.toString('utf8', block.starts[from + index], block.starts[from + index + 1]),
			);
			const matched = matchWithin(this.#pattern, texts, regexLimitMs);
			if (matched === null) {
				this.problem = `this regular expression takes longer than ${regexLimitMs} ms for ${formatNumber(linesPerBlock)} lines and is not used`;
				return 'given-up';
			}

			for (const [index, isMatch] of matched.entries()) {
				if (isMatch) {
					found.add(from + index);
				}
			}

			return found;
		}

		if (this.#ignoreCase) {
			for (let at = from; at < block.count;) {
				const to = pieceEnd(block, at);
				const start = block.starts[at]!;
				const text = block.bytes.toString('latin1', start, block.starts[to]).toLowerCase();
				collect(block, at, to, found, this.#needle.length, position => {
					const hit = text.indexOf(this.#lowerNeedle, position - start);
					return hit < 0 ? -1 : hit + start;
				});
				at = to;
			}
		} else {
			collect(block, from, block.count, found, this.#needle.length, position => block.bytes.indexOf(this.#needle, position));
		}

		return found;
	}

	#take(block: LineBlock, from: number, found: ReadonlySet<number> | null): void {
		const {inverse, level, hidden, context, notices} = this.query;
		for (let index = from; index < block.count; index++) {
			const flags = block.flags[index]!;
			const isNotice = (flags & kindMask) !== 0;
			const isBelow = level > 0 && !isNotice && this.#inheritedLevel(block, index) < level;
			const isMatch = isNotice
				? notices
				: (found === null || found.has(index) !== inverse) && !isBelow && !hidden.has(block.sources[index]!);
			const number = block.first + index;
			if (isMatch) {
				for (let before = Math.max(this.#lastShown + 1, number - context, block.first); !isNotice && before < number; before++) {
					this.shown.push(before);
				}

				if (!isNotice && this.problem === null) {
					this.matches.push(number);
				}

				this.shown.push(number);
				this.#lastShown = number;
				this.#lastMatch = isNotice ? this.#lastMatch : number;
			} else if (this.#lastMatch >= 0 && number - this.#lastMatch <= context) {
				this.shown.push(number);
				this.#lastShown = number;
			}
		}
	}

	#inheritedLevel(block: LineBlock, index: number): LineLevel {
		const own = (block.flags[index]! & levelMask) as LineLevel;
		return this.#inheritance.levelOf(block.sources[index]!, own, block.times[index]!, block.bytes[block.starts[index]!]);
	}
}

/** Searches the lines of all containers. */
export function searchQuery({text, regex}: Pick<LineQuery, 'text' | 'regex'>): LineQuery {
	return {text, regex, inverse: false, level: 0, hidden: new Set(), context: 0, notices: false};
}

export function queryProblem(typed: Pick<LineQuery, 'text' | 'regex'>): string | null {
	return new LineIndex(searchQuery(typed)).problem;
}

const asciiOnly = /^[\u0000-\u007F]*$/;

/** Scans several lines as one text, because many long strings are slow to collect. */
function pieceEnd(block: LineBlock, from: number): number {
	let to = from + 1;
	while (to < block.count && block.starts[to + 1]! - block.starts[from]! <= pieceBytes) {
		to++;
	}

	return to;
}

/** `next` returns the position of a match at or after a byte, or -1. A match across two lines does not count. */
function collect(block: LineBlock, from: number, to: number, found: Set<number>, length: number, next: (position: number) => number): void {
	let line = from;
	for (let at = next(block.starts[from]!); at >= 0 && at < block.starts[to]!; at = next(Math.max(at + 1, block.starts[line]!))) {
		while (block.starts[line + 1]! <= at) {
			line++;
		}

		if (at + length <= block.starts[line + 1]!) {
			found.add(line);
			line++;
			if (line >= to) {
				break;
			}
		}
	}
}

/** Sorted line numbers at four bytes each. */
export class LineNumbers {
	#items = new Uint32Array(1024);
	#start = 0;
	#end = 0;

	get length(): number {
		return this.#end - this.#start;
	}

	push(number: number): void {
		if (this.#end === this.#items.length) {
			const larger = new Uint32Array(Math.max(1024, this.length * 2));
			larger.set(this.#items.subarray(this.#start, this.#end));
			this.#items = larger;
			this.#end -= this.#start;
			this.#start = 0;
		}

		this.#items[this.#end++] = number;
	}

	at(index: number): number | undefined {
		return index < 0 || index >= this.length ? undefined : this.#items[this.#start + index];
	}

	/** Index of the first number that is not below `number`. */
	indexOf(number: number): number {
		let [low, high] = [this.#start, this.#end];
		while (low < high) {
			const middle = (low + high) >> 1;
			if (this.#items[middle]! < number) {
				low = middle + 1;
			} else {
				high = middle;
			}
		}

		return low - this.#start;
	}

	between(from: number, end: number): Uint32Array {
		return this.#items.slice(this.#start + this.indexOf(from), this.#start + this.indexOf(end));
	}

	dropBelow(number: number): void {
		this.#start += this.indexOf(number);
	}
}

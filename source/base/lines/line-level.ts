/** The severity level of a log line, and of the lines that continue it. */

/** 0 if the line names none. */
export type LineLevel = 0 | 1 | 2 | 3 | 4 | 5;
/** Indexed by `LineLevel`. */
export const levelNames = ['', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

/** Error or fatal. */
export function isErrorLevel(level: number): boolean {
	return level >= 4;
}

export function isWarningLevel(level: number): boolean {
	return level === 3;
}

/** The lowest level to show: 0, every line, unless one is named. */
export function levelNamed(name: (typeof levelNames)[number] = ''): LineLevel {
	return levelNames.indexOf(name) as LineLevel;
}

/** Only the start is scanned: the rest is the message. */
const lookedAt = 200;

/** `E1124 14:02:09.002` of klog. */
const klog = /^([IWEF])\d{4} \d\d:/;
const json = /"(?:level|severity|lvl|loglevel|log\.level)"\s*:\s*"?(\w+)/i;

const named: ReadonlyMap<string, LineLevel> = new Map([
	...levelled(5, ['fatal', 'panic', 'critical', 'crit', 'emerg', 'alert', 'dpanic', 'f']),
	...levelled(4, ['error', 'err', 'severe', 'e']),
	...levelled(3, ['warn', 'warning', 'w']),
	...levelled(2, ['info', 'information', 'notice', 'i']),
	...levelled(1, ['debug', 'trace', 'verbose', 'd', 't']),
	// pino and bunyan.
	...([
		['10', 1],
		['20', 1],
		['30', 2],
		['40', 3],
		['50', 4],
		['60', 5],
	] as const),
]);

/** Words that name the level in any position. */
const words: ReadonlyMap<string, LineLevel> = new Map([
	...levelled(5, ['FATAL', 'PANIC', 'CRITICAL', 'CRIT', 'EMERG', 'ALERT', 'fatal', 'panic', 'critical']),
	...levelled(4, ['ERROR', 'ERR', 'SEVERE', 'Exception']),
	...levelled(3, ['WARN', 'WARNING']),
	...levelled(2, ['INFO', 'NOTICE']),
	...levelled(1, ['DEBUG', 'TRACE']),
]);
/** Words that name the level only before a blank, `:`, `"`, `]` or a color, because paths and names contain them too. */
const wordsBeforeAnEnd: ReadonlyMap<string, LineLevel> = new Map([
	...levelled(4, ['Error', 'error']),
	...levelled(3, ['Warn', 'warn', 'Warning', 'warning']),
	...levelled(2, ['info']),
	...levelled(1, ['debug', 'trace']),
]);
/** `level=warn` of logfmt takes precedence. */
const keys: ReadonlySet<string> = new Set(['level', 'lvl', 'severity']);

const escape = 0x1b;
const longestWord = 9;
const isInWord = byteTable(byte => /\w/.test(String.fromCodePoint(byte)));
const isEnd = byteTable(byte => /[\s:"\]\u001B]/.test(String.fromCodePoint(byte)));
/** A bit for each length of the words that start with this byte. Other lengths create no string. */
const lengths = new Uint16Array(256);
for (const word of [...words.keys(), ...wordsBeforeAnEnd.keys(), ...[...keys].flatMap(key => [key, key.toUpperCase()])]) {
	lengths[word.codePointAt(0)!]! |= 1 << word.length;
}

const infoLevel: LineLevel = 2;
/** A program writes the lines of a traceback at once. */
const continuedWithinMs = 200;
/** A JSON object is a message of its own. */
const openingBrace = 0x7b;

/** Scans bytes in place, because a tail calls it for every line. */
export function levelOf(bytes: Buffer, from = 0, to = bytes.length): LineLevel {
	const end = Math.min(to, from + lookedAt);
	const begin = from < end && bytes[from] === escape ? colorEnd(bytes, from, end) : from;
	if (bytes[begin] === 0x7b) {
		return named.get(json.exec(bytes.toString('latin1', begin, end))?.[1]?.toLowerCase() ?? '') ?? 0;
	}

	return klogLevel(bytes, begin, end) ?? wordLevel(bytes, begin, end);
}

function klogLevel(bytes: Buffer, from: number, end: number): LineLevel | undefined {
	const mayBe = bytes[from + 5] === 0x20 && bytes[from + 8] === 0x3a;
	return mayBe ? named.get(klog.exec(bytes.toString('latin1', from, end))?.[1]?.toLowerCase() ?? '') : undefined;
}

function wordLevel(bytes: Buffer, from: number, end: number): LineLevel {
	let found: LineLevel | undefined;
	let isKeyed = false;
	for (let at = from; at < end;) {
		if (isInWord[bytes[at]!] === 0) {
			at = bytes[at] === escape ? colorEnd(bytes, at, end) : at + 1;
			continue;
		}

		const begin = at;
		at = wordEnd(bytes, at, end);
		const length = at - begin;
		if (length > longestWord || ((lengths[bytes[begin]!]! >> length) & 1) === 0) {
			continue;
		}

		const word = bytes.toString('latin1', begin, at);
		found ??= words.get(word) ?? (at < end && isEnd[bytes[at]!] === 1 ? wordsBeforeAnEnd.get(word) : undefined);
		if (!isKeyed && at < end && bytes[at] === 0x3d && keys.has(word.toLowerCase())) {
			const value = valueAt(bytes, at + 1, end);
			isKeyed = value !== '';
			const level = named.get(value);
			if (level !== undefined) {
				return level;
			}
		}
	}

	return found ?? 0;
}

/** The offset after `ESC [ 1 ; 31 m`, whose `m` would begin the word. */
function colorEnd(bytes: Buffer, from: number, end: number): number {
	let at = from + 1;
	if (at === end || bytes[at] !== 0x5b) {
		return at;
	}

	do {
		at++;
	} while (at < end && (bytes[at] === 0x3b || (bytes[at]! >= 0x30 && bytes[at]! <= 0x39)));

	return at < end && bytes[at] === 0x6d ? at + 1 : at;
}

function valueAt(bytes: Buffer, at: number, end: number): string {
	const begin = bytes[at] === 0x22 || bytes[at] === 0x27 ? at + 1 : at;
	return bytes.toString('latin1', begin, wordEnd(bytes, begin, end)).toLowerCase();
}

function wordEnd(bytes: Buffer, from: number, end: number): number {
	let at = from;
	while (at < end && isInWord[bytes[at]!] === 1) {
		at++;
	}

	return at;
}

function levelled(level: LineLevel, all: readonly string[]): Array<[string, LineLevel]> {
	return all.map(word => [word, level]);
}

function byteTable(holds: (byte: number) => boolean): Uint8Array {
	return Uint8Array.from({length: 256}, (_, byte) => (holds(byte) ? 1 : 0));
}

/** Needs every line of a source, in order, also those that are not shown. */
export class LevelInheritance<Source> {
	readonly #lastLines = new Map<Source, {level: LineLevel; time: number}>();

	/**
	The line's own level, else that of the line that it continues, else info. `time` is in milliseconds; `firstByte` is `undefined` for an
	empty line.
	*/
	levelOf(source: Source, own: LineLevel, time: number, firstByte: number | undefined): LineLevel {
		const last = this.#lastLines.get(source) ?? {level: infoLevel, time};
		this.#lastLines.set(source, last);
		const isContinued = time - last.time <= continuedWithinMs && firstByte !== openingBrace;
		last.level = own > 0 ? own : isContinued ? last.level : infoLevel;
		last.time = time;
		return last.level;
	}

	clear(): void {
		this.#lastLines.clear();
	}
}

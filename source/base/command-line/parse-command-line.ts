/** Command-line parser, compatible with kubectl's pflag. */
import {SpokeError} from '../errors/spoke-error.ts';
import {missingFlagHints} from './connection-flags.ts';
import type {FlagSpec, FlagValues, ParsedCommandLine} from './flag-spec.ts';

const unitMs: Readonly<Record<string, number>> = {ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000};

/**
`argv` excludes the program and command name.
@throws SpokeError ERR_USAGE that names the argument and the allowed values
@see https://github.com/spf13/pflag flag.go parseArgs
*/
export function parseCommandLine<const Rows extends readonly FlagSpec[]>(rows: Rows, argv: readonly string[]): ParsedCommandLine<Rows> {
	const byName = new Map(rows.map(row => [row.name, row]));
	const byShort = new Map(rows.flatMap(row => (row.short === undefined ? [] : [[row.short, row] as const])));
	const values = new Map<string, unknown>(rows.map(row => [row.name, defaultValue(row)]));
	const given = new Set<string>();
	const positionals: string[] = [];
	let afterDash: string[] | undefined;

	const rest = [...argv];
	const set = (row: FlagSpec, spelled: string, text: string) => {
		const before = given.has(row.name) ? values.get(row.name) : undefined;
		values.set(row.name, parseValue(row, spelled, text, before));
		given.add(row.name);
	};

	const take = (row: FlagSpec, spelled: string, inline: string | undefined) => {
		if (row.refused !== undefined) {
			throw usageError(`unknown flag: ${spelled}`, row.refused);
		} else if (inline !== undefined) {
			set(row, spelled, inline);
		} else if (row.kind === 'boolean') {
			set(row, spelled, 'true');
		} else if (row.bare !== undefined) {
			// Unlike pflag, accepts a listed value after a space: it cannot be another argument.
			set(row, spelled, row.oneOf?.includes(rest[0] ?? '') ? rest.shift()! : row.bare);
		} else {
			const next = rest.shift();
			if (next === undefined) {
				throw usageError(`flag needs an argument: ${spelled}`);
			}

			set(row, spelled, next);
		}
	};

	while (rest.length > 0) {
		const argument = rest.shift()!;
		if (argument === '--') {
			afterDash = rest.splice(0);
		} else if (argument.startsWith('--')) {
			const [name, inline] = splitAt(argument.slice(2), '=');
			const row = byName.get(name);
			if (!row) {
				throw usageError(`unknown flag: --${name}`, missingFlagHints.get(name) ?? suggestedFlag(name, rows));
			}

			take(row, `--${name}`, inline);
		} else if (argument.startsWith('-') && argument.length > 1) {
			parseShortFlags(argument.slice(1), byShort, take);
		} else {
			positionals.push(argument);
		}
	}

	return {flags: Object.fromEntries(values) as FlagValues<Rows>, given, positionals, afterDash};
}

function suggestedFlag(name: string, rows: readonly FlagSpec[]): string | null {
	const closest = closestWord(
		name,
		rows.filter(row => !row.hidden).map(row => row.name),
	);
	return closest === null ? null : `did you mean --${closest}?`;
}

type SetFlag = (row: FlagSpec, spelled: string, inline: string | undefined) => void;

function parseShortFlags(letters: string, byShort: ReadonlyMap<string, FlagSpec>, take: SetFlag): void {
	for (let rest = letters; rest.length > 0;) {
		const letter = rest[0]!;
		const row = byShort.get(letter);
		if (!row) {
			throw usageError(`unknown shorthand flag: '${letter}' in -${letters}`);
		}

		const tail = rest.slice(1);
		if (tail.startsWith('=')) {
			take(row, `-${letter}`, tail.slice(1));
			return;
		}

		const standsAlone = row.kind === 'boolean' || row.bare !== undefined;
		if (!standsAlone && tail.length > 0) {
			take(row, `-${letter}`, tail);
			return;
		}

		take(row, `-${letter}`, undefined);
		rest = tail;
	}
}

function defaultValue(row: FlagSpec): unknown {
	if (row.default !== undefined) {
		return row.default;
	}

	if (row.kind === 'boolean') {
		return false;
	}

	return row.kind === 'strings' || row.kind === 'texts' ? [] : undefined;
}

function parseValue(row: FlagSpec, spelled: string, text: string, before: unknown): unknown {
	const invalid = (allowed: string) => usageError(`invalid argument ${JSON.stringify(text)} for ${spelled}: ${allowed}`);
	if (row.oneOf && !row.oneOf.includes(text)) {
		throw invalid(row.oneOf.length === 1 ? `must be ${row.oneOf[0]}` : `must be one of ${row.oneOf.join(', ')}`);
	}

	switch (row.kind) {
		case 'boolean': {
			const value = booleans.get(text);
			if (value === undefined) {
				throw invalid('must be true or false');
			}

			return value;
		}

		case 'integer': {
			const value = parseInteger(text);
			if (Number.isNaN(value)) {
				throw invalid('must be a whole decimal number');
			}

			return value;
		}

		case 'duration': {
			const milliseconds = parseDuration(text);
			if (milliseconds === undefined) {
				throw invalid('must be a duration such as 30s, 5m or 1h30m');
			}

			if (row.positive && milliseconds <= 0) {
				throw usageError(`${spelled} must be higher than zero`);
			}

			return milliseconds;
		}

		case 'strings': {
			return [...((before as string[] | undefined) ?? []), ...(text === '' ? [] : text.split(','))];
		}

		case 'texts': {
			return [...((before as string[] | undefined) ?? []), text];
		}

		case 'string': {
			return text;
		}
	}
}

/** As Go's strconv.ParseBool. */
const booleans = new Map<string, boolean>([
	...['1', 't', 'T', 'true', 'TRUE', 'True'].map(text => [text, true] as const),
	...['0', 'f', 'F', 'false', 'FALSE', 'False'].map(text => [text, false] as const),
]);

function splitAt(text: string, mark: string): [string, string | undefined] {
	const at = text.indexOf(mark);
	return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function usageError(message: string, remedy: string | null = null): SpokeError {
	return new SpokeError('ERR_USAGE', message, {remedy});
}

/** A decimal number, or NaN. Go's 017 and 0x1F are refused: they read differently. */
export function parseInteger(text: string): number {
	return /^[+-]?(?:0|[1-9]\d*)$/.test(text) ? Number(text) : Number.NaN;
}

/**
Milliseconds of `1h2m3.5s`, `-5s` or `0`; `undefined` if invalid. Only 0 needs no unit.
@see https://pkg.go.dev/time#ParseDuration
*/
export function parseDuration(text: string): number | undefined {
	const match = /^([+-]?)((?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/.exec(text);
	if (!match) {
		return /^[+-]?0$/.test(text) ? 0 : undefined;
	}

	let total = 0;
	for (const [, number, unit] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
		total += Number(number) * unitMs[unit!]!;
	}

	return match[1] === '-' ? -total : total;
}

/** Milliseconds of whole seconds or of a duration, which can be negative; `undefined` if invalid. */
export function parseSecondsOrDuration(text: string): number | undefined {
	const ms = /^\d+$/.test(text) ? Number(text) * 1000 : parseDuration(text);
	return Number.isFinite(ms) ? ms : undefined;
}

/** The closest word within one edit per three letters typed (one edit is always allowed), else `null`. */
export function closestWord(typed: string, words: Iterable<string>): string | null {
	const maxDistance = Math.max(1, Math.floor(typed.length / 3));
	let closest: {word: string; distance: number} | null = null;
	for (const word of words) {
		const distance = Math.abs(typed.length - word.length) > maxDistance ? Infinity : editDistance(typed, word);
		if (distance <= maxDistance && distance < (closest?.distance ?? Infinity) && distance < word.length) {
			closest = {word, distance};
		}
	}

	return closest?.word ?? null;
}

/** Optimal string alignment distance: a swap of two neighbors is one edit. */
function editDistance(from: string, to: string): number {
	const rows = Array.from({length: from.length + 1}, (_, i) => Array.from({length: to.length + 1}, (_, j) => (i === 0 ? j : i)));
	for (let i = 1; i <= from.length; i++) {
		rows[i]![0] = i;
		for (let j = 1; j <= to.length; j++) {
			const isSame = from[i - 1] === to[j - 1];
			const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
			rows[i]![j] = Math.min(
				rows[i - 1]![j]! + 1,
				rows[i]![j - 1]! + 1,
				rows[i - 1]![j - 1]! + (isSame ? 0 : 1),
				isSwap ? rows[i - 2]![j - 2]! + 1 : Infinity,
			);
		}
	}

	return rows[from.length]![to.length]!;
}

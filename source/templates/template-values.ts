/** Values of Go templates: truth, comparison and text. */
import {isLosslessNumber, losslessNumberSource} from '../text/lossless-json.ts';
import {TemplateError} from './template-tokens.ts';

/** Strings, numbers, booleans, nil, lists and maps, as JSON has them; also times and colors, which are objects of a class. */
export type TemplateValue = unknown;

export function isMap(value: TemplateValue): value is Readonly<Record<string, unknown>> {
	return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** False for nil, false, 0, and what is empty. */
export function isTrue(value: TemplateValue): boolean {
	if (isLosslessNumber(value)) {
		return toNumber(value) !== 0;
	}

	if (Array.isArray(value) || typeof value === 'string') {
		return value.length > 0;
	}

	return isMap(value) ? Object.keys(value).length > 0 : Boolean(value);
}

export function toNumber(value: TemplateValue): number {
	return isLosslessNumber(value) ? Number(losslessNumberSource(value)) : NaN;
}

/** Go's `%v`; numbers of JSON keep their digits. */
export function formatValue(value: TemplateValue): string {
	if (value === null || value === undefined) {
		return '<no value>';
	}

	if (typeof value === 'string') {
		return value;
	}

	if (isLosslessNumber(value)) {
		return losslessNumberSource(value);
	}

	if (Array.isArray(value)) {
		return `[${value.map(one => formatInside(one)).join(' ')}]`;
	}

	if (isMap(value)) {
		const entries = Object.keys(value).toSorted();
		return `map[${entries.map(key => `${key}:${formatInside(value[key])}`).join(' ')}]`;
	}

	// A boolean, or a time.
	return (value as {toString(): string}).toString();
}

function formatInside(value: TemplateValue): string {
	return value === null || value === undefined ? '<nil>' : formatValue(value);
}

/** Below 0 if `one` is less. @throws TemplateError for values of different kinds */
export function compareValues(one: TemplateValue, other: TemplateValue): number {
	if (typeof one === 'string' && typeof other === 'string') {
		return one === other ? 0 : one < other ? -1 : 1;
	}

	const [left, right] = [toNumber(one), toNumber(other)];
	if (Number.isNaN(left) || Number.isNaN(right)) {
		throw new TemplateError(`${formatValue(one)} and ${formatValue(other)} cannot be compared`);
	}

	return left - right;
}

export function areEqual(one: TemplateValue, other: TemplateValue): boolean {
	return isLosslessNumber(one) && isLosslessNumber(other) ? toNumber(one) === toNumber(other) : (one ?? null) === (other ?? null);
}

const verb = /%([-+# 0]*)(\d*)(?:\.(\d+))?([a-zA-Z%])/g;

/** Go's Printf with `%s %v %q %d %x %f %e %g %t %c`, flags, width and precision. */
export function formatPrintf(format: string, values: readonly TemplateValue[]): string {
	let next = 0;
	const text = format.replaceAll(verb, (whole, flags: string, width: string, precision: string | undefined, letter: string) => {
		if (letter === '%') {
			return '%';
		}

		if (next >= values.length) {
			return `%!${letter}(MISSING)`;
		}

		const formatted = formatVerb(letter, values[next++], precision === undefined ? undefined : Number(precision), whole);
		const signed = flags.includes('+') && /^\d/.test(formatted) && /[d-g]/.test(letter) ? `+${formatted}` : formatted;
		return pad(signed, Number(width), flags, letter);
	});
	return next < values.length
		? `${text}%!(EXTRA ${values
				.slice(next)
				.map(value => formatInside(value))
				.join(', ')})`
		: text;
}

function formatVerb(letter: string, value: TemplateValue, precision: number | undefined, whole: string): string {
	const number = toNumber(value);
	switch (letter) {
		case 's':
		case 'v': {
			const text = formatInside(value);
			return precision === undefined ? text : [...text].slice(0, precision).join('');
		}

		case 'q': {
			return JSON.stringify(formatInside(value));
		}

		case 't': {
			return formatInside(value);
		}

		case 'd': {
			return Number.isInteger(number) ? formatInside(value) : `%!d(${formatInside(value)})`;
		}

		case 'x':
		case 'X': {
			const hex = typeof value === 'string' ? Buffer.from(value).toString('hex') : Number.isNaN(number) ? whole : number.toString(16);
			return letter === 'x' ? hex : hex.toUpperCase();
		}

		case 'f': {
			return number.toFixed(precision ?? 6);
		}

		case 'e': {
			return number.toExponential(precision ?? 6).replace(/e([+-])(\d)$/, 'e$10$2');
		}

		case 'g': {
			return String(precision === undefined ? number : Number(number.toPrecision(precision)));
		}

		case 'c': {
			return Number.isInteger(number) ? String.fromCodePoint(number) : whole;
		}

		default: {
			return `%!${letter}(${formatInside(value)})`;
		}
	}
}

function pad(text: string, width: number, flags: string, letter: string): string {
	if (flags.includes('-')) {
		return text.padEnd(width);
	}

	if (!flags.includes('0') || !/[d-gxX]/.test(letter)) {
		return text.padStart(width);
	}

	const sign = /^[+-]/.exec(text)?.[0] ?? '';
	return sign + text.slice(sign.length).padStart(width - sign.length, '0');
}

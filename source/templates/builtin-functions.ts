/** The functions of every Go template. @see https://pkg.go.dev/text/template#hdr-Functions */
import {TemplateError} from './template-tokens.ts';
import type {TemplateFunctions} from './run-template.ts';
import {areEqual, compareValues, formatPrintf, formatValue, isMap, isTrue, toNumber, type TemplateValue} from './template-values.ts';

/** `and` and `or` are part of the language, because they may not evaluate all arguments. */
export const builtinFunctions: TemplateFunctions = new Map<string, (...values: readonly TemplateValue[]) => TemplateValue>([
	['and', neverCalled],
	['or', neverCalled],
	['not', value => !isTrue(value)],
	['eq', (first, ...others) => others.some(other => areEqual(first, other))],
	['ne', (one, other) => !areEqual(one, other)],
	['lt', (one, other) => compareValues(one, other) < 0],
	['le', (one, other) => compareValues(one, other) <= 0],
	['gt', (one, other) => compareValues(one, other) > 0],
	['ge', (one, other) => compareValues(one, other) >= 0],
	['len', length],
	['index', (value, ...keys) => keys.reduce((found, key) => index(found, key), value)],
	['slice', (value, from = 0, to?) => slice(value, from, to)],
	['print', (...values) => values.map(value => formatValue(value)).join('')],
	['println', (...values) => `${values.map(value => formatValue(value)).join(' ')}\n`],
	['printf', (format, ...values) => formatPrintf(formatValue(format), values)],
	['html', value => formatValue(value).replaceAll(/["&'<>]/g, sign => htmlEntities[sign]!)],
	[
		'js',
		value =>
			JSON.stringify(formatValue(value))
				.slice(1, -1)
				.replaceAll("'", String.raw`\'`),
	],
	['urlquery', (...values) => encodeURIComponent(values.map(value => formatValue(value)).join('')).replaceAll('%20', '+')],
]);

const htmlEntities: Readonly<Record<string, string>> = {'"': '&#34;', '&': '&amp;', "'": '&#39;', '<': '&lt;', '>': '&gt;'};

function neverCalled(): never {
	throw new TemplateError('and and or are evaluated by the template');
}

function length(value: TemplateValue): number {
	if (typeof value === 'string') {
		return Buffer.byteLength(value);
	}

	if (Array.isArray(value)) {
		return value.length;
	}

	if (isMap(value)) {
		return Object.keys(value).length;
	}

	throw new TemplateError(`len of ${formatValue(value)}`);
}

function index(value: TemplateValue, key: TemplateValue): TemplateValue {
	if (isMap(value)) {
		const name = formatValue(key);
		return Object.hasOwn(value, name) ? value[name] : undefined;
	}

	const at = toNumber(key);
	if (Array.isArray(value) && at >= 0 && at < value.length) {
		return value[at];
	}

	throw new TemplateError(`index ${formatValue(key)} of ${formatValue(value)}`);
}

/** Of text, by bytes as in Go. */
function slice(value: TemplateValue, from: TemplateValue, to: TemplateValue): TemplateValue {
	const [start, end] = [toNumber(from), to === undefined ? undefined : toNumber(to)];
	if (Array.isArray(value)) {
		return value.slice(start, end);
	}

	return Buffer.from(formatValue(value)).subarray(start, end).toString('utf8');
}

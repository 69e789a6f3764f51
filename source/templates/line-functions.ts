/** The functions of stern's templates. @see https://github.com/stern/stern#templates */
import {isLosslessNumber, parseLosslessJson} from '../text/lossless-json.ts';
import {builtinFunctions} from './builtin-functions.ts';
import {formatGoTime, parseGoTime, rfc3339Nano} from './go-time.ts';
import type {TemplateFunctions} from './run-template.ts';
import {TemplateError} from './template-tokens.ts';
import {formatValue, isMap, toNumber, type TemplateValue} from './template-values.ts';

/** The SGR parameters of a color: `96`. */
export class TemplateColor {
	readonly sgr: string;

	constructor(sgr: string) {
		this.sgr = sgr;
	}
}

/** `colors`: false leaves out every color. */
export function lineFunctions({colors}: {colors: boolean}): TemplateFunctions {
	const paint = (text: TemplateValue, sgr: string | undefined) =>
		colors && sgr !== undefined ? `\u001B[${sgr}m${formatValue(text)}\u001B[0m` : formatValue(text);
	return new Map([
		...builtinFunctions,
		['json', toJson],
		['parseJSON', text => parseObject(text)],
		['tryParseJSON', text => orElse(() => parseObject(text), undefined)],
		['extractJSONParts', (text, ...names) => extract(parseObject(text), names)],
		['tryExtractJSONParts', (text, ...names) => orElse(() => extract(parseObject(text), names), text)],
		['extjson', text => orElse(() => (parseLosslessJson(formatValue(text)), formatValue(text)), toJson(text))],
		['prettyJSON', value => orElse(() => JSON.stringify(isMap(value) ? value : parseObject(value), null, 2), formatValue(value))],
		['toRFC3339Nano', time => formatGoTime(parseGoTime(time), rfc3339Nano)],
		['toUTC', time => parseGoTime(time).in('UTC')],
		['toTimestamp', (time, layout, zone) => formatGoTime(inZone(time, zone), formatValue(layout))],
		['color', (color, text) => paint(text, color instanceof TemplateColor ? color.sgr : undefined)],
		['colorCustom', (text, ...codes) => paint(text, codes.map(code => sgrCode(code)).join(';'))],
		...colorNames.map(
			(name, index) => [`color${name}`, (...texts: readonly TemplateValue[]) => paint(sprintf(texts), `3${index}`)] as const,
		),
		['levelColor', level => (typeof level === 'string' ? paint(level, levelColors.get(level.toLowerCase())) : '')],
		['bunyanLevelColor', level => (isLosslessNumber(level) ? paint(level, bunyanColor(toNumber(level))) : '')],
	]);
}

const colorNames = ['Black', 'Red', 'Green', 'Yellow', 'Blue', 'Magenta', 'Cyan', 'White'] as const;
const [red, yellow, blue, magenta, cyan] = ['31', '33', '34', '35', '36'] as const;

const levelColors: ReadonlyMap<string, string> = new Map([
	['debug', magenta],
	['info', blue],
	['warn', yellow],
	['warning', yellow],
	['error', red],
	['dpanic', red],
	['panic', red],
	['fatal', cyan],
	['critical', cyan],
]);

function bunyanColor(level: number): string | undefined {
	return level < 30 ? magenta : level < 40 ? blue : level < 50 ? yellow : level < 60 ? red : level < 100 ? cyan : undefined;
}

/** `colorRed "%s" .Message` is a Printf in stern. */
function sprintf([format, ...values]: readonly TemplateValue[]): TemplateValue {
	return values.length === 0 ? format : builtinFunctions.get('printf')!(format, ...values);
}

function sgrCode(code: TemplateValue): string {
	if (!Number.isInteger(code)) {
		throw new TemplateError(`${formatValue(code)} is not an SGR parameter`);
	}

	return formatValue(code);
}

function toJson(value: TemplateValue): string {
	return JSON.stringify(value ?? null);
}

/** @throws TemplateError if it is not a JSON object */
function parseObject(text: TemplateValue): Readonly<Record<string, unknown>> {
	const parsed = orElse(() => parseLosslessJson(formatValue(text)), undefined);
	if (!isMap(parsed)) {
		throw new TemplateError('the line is not a JSON object');
	}

	return parsed;
}

function extract(parsed: Readonly<Record<string, unknown>>, names: readonly TemplateValue[]): string {
	return names
		.map(name => formatValue(name))
		.map(name => (Object.hasOwn(parsed, name) ? formatValue(parsed[name]) : '<nil>'))
		.join(', ');
}

function inZone(time: TemplateValue, zone: TemplateValue) {
	const name = zone === undefined || zone === '' ? 'UTC' : formatValue(zone);
	return parseGoTime(time).in(name === 'Local' ? undefined : name);
}

function orElse<Value, Other>(run: () => Value, otherwise: Other): Value | Other {
	try {
		return run();
	} catch {
		return otherwise;
	}
}

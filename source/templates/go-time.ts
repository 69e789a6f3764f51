/** Times as Go reads and formats them. @see https://pkg.go.dev/time#Layout */
import {isLosslessNumber, losslessNumberSource} from '../text/lossless-json.ts';
import {TemplateError} from './template-tokens.ts';

export class GoTime {
	readonly second: number;
	readonly nanosecond: number;
	/** Of `Intl`; `undefined` is the machine's own. */
	readonly zone: string | undefined;

	constructor(second: number, nanosecond: number, zone: string | undefined) {
		this.second = second;
		this.nanosecond = nanosecond;
		this.zone = zone;
	}

	in(zone: string | undefined): GoTime {
		return new GoTime(this.second, this.nanosecond, zone);
	}

	toString(): string {
		return formatGoTime(this, rfc3339Nano);
	}
}

export const rfc3339Nano = '2006-01-02T15:04:05.999999999Z07:00';
const secondsAndFraction = /^(-?\d+)(?:\.(\d+))?$/;
/** @see https://tc39.es/ecma262/#sec-time-values-and-time-range */
const maxSeconds = 8.64e12;
const fraction = /[.,](\d+)(?=[^\d]|$)/;

/** Of Unix seconds with a fraction, or of a date and time, which is UTC without a zone. @throws TemplateError */
export function parseGoTime(value: unknown): GoTime {
	if (value instanceof GoTime) {
		return value;
	}

	const text = isLosslessNumber(value) ? losslessNumberSource(value) : typeof value === 'string' ? value : '';
	const [, seconds, decimals] = secondsAndFraction.exec(text) ?? [];
	if (seconds !== undefined && Math.abs(Number(seconds)) < maxSeconds) {
		return new GoTime(Number(seconds), nanoseconds(decimals), 'UTC');
	}

	const dateTime = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?$/.exec(text)?.[0];
	const hasZone = /(?:Z|[+-]\d\d:?\d\d)$/.test(text.slice(10));
	const ms =
		dateTime === undefined
			? NaN
			: Date.parse(`${dateTime.replace(' ', 'T').replace(fraction, '')}${hasZone || text.length === 10 ? '' : 'Z'}`);
	if (Number.isNaN(ms)) {
		throw new TemplateError(`${JSON.stringify(text)} is not a time`);
	}

	return new GoTime(Math.floor(ms / 1000), nanoseconds(fraction.exec(text.slice(10))?.[1]), 'UTC');
}

function nanoseconds(decimals = ''): number {
	return Number(decimals.slice(0, 9).padEnd(9, '0'));
}

const layoutToken =
	/January|Jan|Monday|Mon|MST|2006|Z07:00|Z0700|-07:00|-0700|-07|_2|01|02|03|04|05|06|15|PM|pm|[.,](?:0+|9+)(?!\d)|[1-5]/g;

/** `layout` is Go's reference time: `15:04:05` is hour, minute and second. @throws TemplateError for an unknown time zone */
export function formatGoTime(time: GoTime, layout: string): string {
	const parts = partsOf(time);
	return layout.replaceAll(layoutToken, token => formatToken(token, parts, time));
}

type TimeParts = Readonly<Record<'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'weekday' | 'zone', string>> & {offset: string};

function partsOf({second, zone}: GoTime): TimeParts {
	const date = new Date(second * 1000);
	const read = (format: Intl.DateTimeFormat) => Object.fromEntries(format.formatToParts(date).map(({type, value}) => [type, value]));
	const {named, offset} = zoneFormats(zone);
	const parts = read(named);
	return {
		...(parts as unknown as TimeParts),
		zone: parts['timeZoneName']!,
		offset: read(offset)['timeZoneName']!.slice(3) || '+00:00',
	};
}

type ZoneFormats = {zone: string | undefined; named: Intl.DateTimeFormat; offset: Intl.DateTimeFormat};

/** Kept for the next time, because creating them takes milliseconds. */
let lastFormats: ZoneFormats | null = null;

function zoneFormats(zone: string | undefined): ZoneFormats {
	if (lastFormats === null || lastFormats.zone !== zone) {
		lastFormats = createFormats(zone);
	}

	return lastFormats;
}

function createFormats(zone: string | undefined): ZoneFormats {
	const digits = {year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit'} as const;
	const create = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat('en-US', {...options, timeZone: zone, hourCycle: 'h23'});
	try {
		return {
			zone,
			named: create({...digits, weekday: 'long', timeZoneName: 'short'}),
			offset: create({timeZoneName: 'longOffset'}),
		};
	} catch {
		throw new TemplateError(`unknown time zone ${zone}`);
	}
}

const months = [
	'January',
	'February',
	'March',
	'April',
	'May',
	'June',
	'July',
	'August',
	'September',
	'October',
	'November',
	'December',
] as const;

function formatToken(token: string, parts: TimeParts, {nanosecond}: GoTime): string {
	const hour = Number(parts.hour) % 12 || 12;
	const month = months[Number(parts.month) - 1]!;
	const isUtc = parts.offset === '+00:00';
	const fixed: Readonly<Record<string, string>> = {
		'2006': parts.year,
		'06': parts.year.slice(-2),
		January: month,
		Jan: month.slice(0, 3),
		'01': parts.month,
		'1': String(Number(parts.month)),
		Monday: parts.weekday,
		Mon: parts.weekday.slice(0, 3),
		'02': parts.day,
		_2: String(Number(parts.day)).padStart(2),
		'2': String(Number(parts.day)),
		'15': parts.hour,
		'03': String(hour).padStart(2, '0'),
		'3': String(hour),
		'04': parts.minute,
		'4': String(Number(parts.minute)),
		'05': parts.second,
		'5': String(Number(parts.second)),
		PM: Number(parts.hour) < 12 ? 'AM' : 'PM',
		pm: Number(parts.hour) < 12 ? 'am' : 'pm',
		MST: parts.zone,
		'Z07:00': isUtc ? 'Z' : parts.offset,
		Z0700: isUtc ? 'Z' : parts.offset.replace(':', ''),
		'-07:00': parts.offset,
		'-0700': parts.offset.replace(':', ''),
		'-07': parts.offset.slice(0, 3),
	};
	return fixed[token] ?? formatFraction(token, nanosecond);
}

/** `.000` has that many digits, `.999` as many without trailing zeros. */
function formatFraction(token: string, nanosecond: number): string {
	const digits = String(nanosecond)
		.padStart(9, '0')
		.slice(0, token.length - 1);
	const kept = token.endsWith('9') ? digits.replace(/0+$/, '') : digits;
	return kept === '' ? '' : `${token[0]}${kept}`;
}

/** Operations on blocks of whole lines. */

export const lineFeed = 0x0a;

const digitZero = 0x30;

let lastDay = {date: NaN, second: NaN};

/**
Calls `onLine` with the start and end of each text, without LF or CR LF, and its milliseconds since 1970 (0 if unknown). No object per line,
because lines come in floods.
@returns the number of lines
*/
export function eachLine(bytes: Buffer, onLine: (from: number, to: number, ms: number) => void): number {
	let count = 0;
	for (let from = 0; from < bytes.length; count++) {
		const end = lineEnd(bytes, from);
		const timestampSize = timestampLength(bytes, from);
		const to = textEnd(bytes, from, end);
		onLine(
			timestampSize === 0 ? from : from + timestampSize + 1,
			to,
			timestampSize === 0 ? 0 : timestampMilliseconds(bytes, from, timestampSize),
		);
		from = end;
	}

	return count;
}

function textEnd(bytes: Buffer, from: number, end: number): number {
	if (bytes[end - 1] !== lineFeed) {
		return end;
	}

	return end - 2 >= from && bytes[end - 2] === 0x0d ? end - 2 : end - 1;
}

/** Keeps every other byte. */
export function stripTimestamps(bytes: Buffer): Buffer {
	const firstTimestampSize = timestampLength(bytes, 0);
	if (lineEnd(bytes, 0) === bytes.length) {
		return firstTimestampSize === 0 ? bytes : bytes.subarray(firstTimestampSize + 1);
	}

	const output = Buffer.allocUnsafe(bytes.length);
	let length = 0;
	for (let from = 0; from < bytes.length;) {
		const end = lineEnd(bytes, from);
		const timestampSize = timestampLength(bytes, from);
		length += bytes.copy(output, length, timestampSize === 0 ? from : from + timestampSize + 1, end);
		from = end;
	}

	return output.subarray(0, length);
}

export function withPrefix(bytes: Buffer, prefix: Buffer): Buffer {
	// Most blocks of a quiet log: no view is needed.
	if (bytes.length > 0 && lineEnd(bytes, 0) === bytes.length) {
		return Buffer.concat([prefix, bytes]);
	}

	const parts: Buffer[] = [];
	for (let from = 0; from < bytes.length;) {
		const end = lineEnd(bytes, from);
		parts.push(prefix, bytes.subarray(from, end));
		from = end;
	}

	return Buffer.concat(parts);
}

/** The offset after the line feed, or the block's end. */
export function lineEnd(bytes: Buffer, from: number): number {
	const index = bytes.indexOf(lineFeed, from);
	return index < 0 ? bytes.length : index + 1;
}

/** The end of the text of a line, which can lack its line feed. */
export function withoutLineFeed(bytes: Buffer, end: number): number {
	return bytes[end - 1] === lineFeed ? end - 1 : end;
}

/**
In bytes; 0 without a timestamp. The kubelet writes `2026-11-24T14:02:08.231000001Z`. Older ones omit trailing zeros, and the zone can be an
offset.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/cri-client/pkg/logs/logs.go timeFormatOut
*/
export function timestampLength(bytes: Buffer, offset: number): number {
	if (!isDateTime(bytes, offset)) {
		return 0;
	}

	let end = offset + 19;
	if (bytes[end] === 0x2e) {
		end++;
		while (isDigit(bytes[end])) {
			end++;
		}
	}

	if (bytes[end] === 0x5a) {
		end++;
	} else if (
		(bytes[end] === 0x2b || bytes[end] === 0x2d) &&
		isDigit(bytes[end + 1]) &&
		isDigit(bytes[end + 2]) &&
		bytes[end + 3] === 0x3a &&
		isDigit(bytes[end + 4]) &&
		isDigit(bytes[end + 5])
	) {
		end += 6;
	} else {
		return 0;
	}

	return bytes[end] === 0x20 ? end - offset : 0;
}

/** Seconds since 1970. */
export function timestampSecond(bytes: Buffer, offset: number, length: number): number {
	const midnight = daySecond(number(bytes, offset, 4), number(bytes, offset + 5, 2), number(bytes, offset + 8, 2));
	const second = midnight + number(bytes, offset + 11, 2) * 3600 + number(bytes, offset + 14, 2) * 60 + number(bytes, offset + 17, 2);
	const zone = offset + length - 6;
	const sign = bytes[offset + length - 1] === 0x5a ? 0 : bytes[zone] === 0x2b ? 1 : -1;
	return sign === 0 ? second : second - sign * (number(bytes, zone + 1, 2) * 3600 + number(bytes, zone + 4, 2) * 60);
}

/** Cached: nearly every line has the previous line's day. */
function daySecond(year: number, month: number, day: number): number {
	const date = year * 10_000 + month * 100 + day;
	if (date !== lastDay.date) {
		lastDay = {date, second: Date.UTC(year, month - 1, day) / 1000};
	}

	return lastDay.second;
}

/** Nanoseconds since 1970. */
export function timestampNanoseconds(bytes: Buffer, offset: number, length: number): bigint {
	let fraction = 0;
	let digits = 0;
	for (let position = fractionAt(bytes, offset); digits < 9 && isDigit(bytes[position]); position++, digits++) {
		fraction = fraction * 10 + bytes[position]! - digitZero;
	}

	return BigInt(timestampSecond(bytes, offset, length)) * 1_000_000_000n + BigInt(fraction * 10 ** (9 - digits));
}

/** Milliseconds since 1970, rounded down. */
export function timestampMilliseconds(bytes: Buffer, offset: number, length: number): number {
	let fraction = 0;
	for (let position = fractionAt(bytes, offset), weight = 100; weight >= 1 && isDigit(bytes[position]); position++, weight /= 10) {
		fraction += (bytes[position]! - digitZero) * Math.trunc(weight);
	}

	return timestampSecond(bytes, offset, length) * 1000 + fraction;
}

/** Without a fraction, an offset without a digit. */
function fractionAt(bytes: Buffer, offset: number): number {
	return bytes[offset + 19] === 0x2e ? offset + 20 : offset + 19;
}

/** `YYYY-MM-DDTHH:MM:SS` */
function isDateTime(bytes: Buffer, offset: number): boolean {
	return (
		bytes.length - offset > 20 &&
		bytes[offset + 4] === 0x2d &&
		bytes[offset + 7] === 0x2d &&
		bytes[offset + 10] === 0x54 &&
		bytes[offset + 13] === 0x3a &&
		bytes[offset + 16] === 0x3a &&
		isDigit(bytes[offset]) &&
		isDigit(bytes[offset + 1]) &&
		isDigit(bytes[offset + 2]) &&
		isDigit(bytes[offset + 3]) &&
		isDigit(bytes[offset + 5]) &&
		isDigit(bytes[offset + 6]) &&
		isDigit(bytes[offset + 8]) &&
		isDigit(bytes[offset + 9]) &&
		isDigit(bytes[offset + 11]) &&
		isDigit(bytes[offset + 12]) &&
		isDigit(bytes[offset + 14]) &&
		isDigit(bytes[offset + 15]) &&
		isDigit(bytes[offset + 17]) &&
		isDigit(bytes[offset + 18])
	);
}

function isDigit(byte: number | undefined): boolean {
	return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function number(bytes: Buffer, offset: number, digits: number): number {
	let value = 0;
	for (let position = offset; position < offset + digits; position++) {
		value = value * 10 + bytes[position]! - digitZero;
	}

	return value;
}

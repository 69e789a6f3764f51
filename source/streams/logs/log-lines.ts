/** Operations on blocks of whole lines. */
import {timestampLength, timestampMilliseconds} from './line-timestamp.ts';

export const lineFeed = 0x0a;

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

/** How many bytes does a chunk have? RFC 9112 §7.1 and §7.1.1. */
import {protocolError} from './protocol-error.ts';

const mostDigits = 8;

/** Where the digits end that stand at `at`; `at` itself where none does. */
export function endOfDigits(bytes: Buffer, at: number): number {
	let end = at;
	while (end - at < mostDigits && hexDigit(bytes[end]) >= 0) {
		end++;
	}

	return end;
}

/** Of digits alone. A followed log has a chunk a line: what nearly every size looks like is read without a string. */
export function sizeOfDigits(bytes: Buffer, from: number, to: number): number {
	let size = 0;
	for (let at = from; at < to; at++) {
		size = size * 16 + hexDigit(bytes[at]);
	}

	return size;
}

/** Of a whole line: with an extension, which says nothing here, or white space behind it. @throws SpokeError ERR_PROTOCOL */
export function sizeOfLine(line: string): number {
	const [, digits] = /^([\da-f]{1,8})[\t ]*(?:;.*)?$/i.exec(line) ?? [];
	if (digits === undefined) {
		throw protocolError(`${JSON.stringify(line.slice(0, 100))} is no size of a chunk`);
	}

	return Number.parseInt(digits, 16);
}

/** -1 for any other byte, or none. */
function hexDigit(byte: number | undefined): number {
	if (byte === undefined) {
		return -1;
	}

	if (byte >= 0x30 && byte <= 0x39) {
		return byte - 0x30;
	}

	const lower = byte | 0x20;
	return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

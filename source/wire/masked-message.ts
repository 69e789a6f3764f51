/** Encoding of a client's WebSocket messages. */
import {randomFillSync} from 'node:crypto';

/** Largest header (2 bytes, 8 of length, 4 of the key), rounded up to mask the payload by words. */
const headBytes = 16;

const keys = new Int32Array(2048);
let nextKey = keys.length;

/**
One final frame, masked with a random key (RFC 6455 sections 5.2, 5.3). ws masks byte by byte, which costs as much as encryption. Pass the
message to `reuseMessage` when it is sent.
*/
export function maskedMessage(parts: readonly Uint8Array[], binary: boolean): Buffer {
	const length = parts.reduce((sum, part) => sum + part.length, 0);
	const words = Math.ceil(length / 4);
	const whole = allocate(headBytes + words * 4);
	let at = headBytes;
	for (const part of parts) {
		whole.set(part, at);
		at += part.length;
	}

	const key = randomKey();
	// The key is in this machine's byte order.
	const payload = new Int32Array(whole.buffer, headBytes, words);
	for (let index = 0; index < words; index++) {
		payload[index]! ^= key;
	}

	new Int32Array(whole.buffer, headBytes - 4, 1)[0] = key;
	return whole.subarray(writeHead(whole, length, binary), headBytes + length);
}

/** New memory costs as much as masking. */
export function reuseMessage(message: Buffer): void {
	const {buffer} = message;
	if (buffer.byteLength === pooledBytes && free.length < maxFree) {
		free.push(Buffer.from(buffer));
	}
}

/** A carrier's message plus one SPDY frame. */
const pooledBytes = (1 << 19) + (1 << 17);
const minPooledBytes = 1 << 16;
const maxFree = 4;
const free: Buffer[] = [];

function allocate(length: number): Buffer {
	return length < minPooledBytes || length > pooledBytes
		? Buffer.allocUnsafeSlow(length)
		: (free.pop() ?? Buffer.allocUnsafeSlow(pooledBytes));
}

/** Returns the key's position. */
function writeHead(whole: Buffer, length: number, binary: boolean): number {
	const wide = length > 0xff_ff ? 8 : length > 125 ? 2 : 0;
	const begin = headBytes - 4 - 2 - wide;
	whole[begin] = binary ? 0x82 : 0x81;
	whole[begin + 1] = 0x80 | (wide === 8 ? 127 : wide === 2 ? 126 : length);
	if (wide === 2) {
		whole.writeUInt16BE(length, begin + 2);
	} else if (wide === 8) {
		whole.writeBigUInt64BE(BigInt(length), begin + 2);
	}

	return begin;
}

function randomKey(): number {
	if (nextKey === keys.length) {
		randomFillSync(keys);
		nextKey = 0;
	}

	return keys[nextKey++]!;
}

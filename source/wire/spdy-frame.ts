/** SPDY/3.1 frames and header blocks. */
import {resetStatus} from './protocol-error.ts';

/** SPDY/3 section 2.6. */
export const frameType = {synStream: 1, synReply: 2, rstStream: 3, settings: 4, ping: 6, goAway: 7, headers: 8, windowUpdate: 9} as const;

export const flagFin = 1;

/** `block` is compressed. */
export type ControlFrame =
	| {type: 'syn-stream'; streamId: number; fin: boolean; block: Buffer}
	| {type: 'syn-reply'; streamId: number; fin: boolean; block: Buffer}
	| {type: 'headers'; streamId: number; fin: boolean; block: Buffer}
	| {type: 'rst-stream'; streamId: number; status: number}
	| {type: 'ping'; id: number}
	| {type: 'go-away'; lastStreamId: number; status: number}
	/** SETTINGS, WINDOW_UPDATE and unknown types, as in moby/spdystream. */
	| {type: 'ignored'};

/** Names are in lower case; values of a repeated name are joined by NUL (SPDY/3). */
export type SpdyHeaders = Readonly<Record<string, string>>;

/** `fin`: this side sends nothing. */
export function synStreamFrame(streamId: number, block: Buffer, fin: boolean): Buffer {
	const frame = controlFrame(frameType.synStream, fin ? flagFin : 0, 10 + block.length);
	frame.writeUInt32BE(streamId, 8);
	block.copy(frame, 18);
	return frame;
}

/** Aborts the stream in both directions. */
export function rstStreamFrame(streamId: number, status: number = resetStatus.cancel): Buffer {
	return twoNumberFrame(frameType.rstStream, streamId, status);
}

/** No stream above `lastStreamId` was or will be accepted. */
export function goAwayFrame(lastStreamId: number): Buffer {
	return twoNumberFrame(frameType.goAway, lastStreamId, 0);
}

export function pingFrame(id: number): Buffer {
	const frame = controlFrame(frameType.ping, 0, 4);
	frame.writeUInt32BE(id, 8);
	return frame;
}

export function dataFrameHead(streamId: number, length: number, fin: boolean): Buffer {
	const head = Buffer.allocUnsafe(8);
	head.writeUInt32BE(streamId, 0);
	head.writeUInt32BE(length, 4);
	head[4] = fin ? flagFin : 0;
	return head;
}

function twoNumberFrame(type: number, first: number, second: number): Buffer {
	const frame = controlFrame(type, 0, 8);
	frame.writeUInt32BE(first, 8);
	frame.writeUInt32BE(second, 12);
	return frame;
}

/** Version 3, type, flags, 24 bits of length. */
export function controlFrame(type: number, flags: number, length: number): Buffer {
	const frame = Buffer.alloc(8 + length);
	frame.writeUInt16BE(0x80_03, 0);
	frame.writeUInt16BE(type, 2);
	frame.writeUInt32BE(length, 4);
	frame[4] = flags;
	return frame;
}

/** Go's inflate returns data only at an empty stored block (compress/flate inflate.go). */
const syncFlush = Buffer.from([0x00, 0x00, 0x00, 0xff, 0xff]);
const zlibHeader = Buffer.from([0x78, 0x01]);
const maxStoredBytes = 0xff_ff;

/** Writes header blocks without compression: zlib's header once, then stored blocks. The preset dictionary is optional. */
export class HeaderBlockWriter {
	#hasStarted = false;

	write(headers: SpdyHeaders): Buffer {
		const plain = encodeHeaders(headers);
		const parts: Buffer[] = this.#hasStarted ? [] : [zlibHeader];
		this.#hasStarted = true;
		for (let at = 0; at < plain.length; at += maxStoredBytes) {
			const piece = plain.subarray(at, at + maxStoredBytes);
			const head = Buffer.alloc(5);
			head.writeUInt16LE(piece.length, 1);
			head.writeUInt16LE(~piece.length & 0xff_ff, 3);
			parts.push(head, piece);
		}

		return Buffer.concat([...parts, syncFlush]);
	}
}

/** Count, then length and bytes of each name and value; 32 bits, big-endian. */
function encodeHeaders(headers: SpdyHeaders): Buffer {
	const entries = Object.entries(headers);
	const parts = [uint32(entries.length)];
	for (const text of entries.flatMap(([name, value]) => [name.toLowerCase(), value])) {
		const bytes = Buffer.from(text);
		parts.push(uint32(bytes.length), bytes);
	}

	return Buffer.concat(parts);
}

function uint32(value: number): Buffer {
	const bytes = Buffer.alloc(4);
	bytes.writeUInt32BE(value);
	return bytes;
}

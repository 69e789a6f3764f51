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
	const frame = Buffer.allocUnsafe(8 + length).fill(0);
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
const storedHeadBytes = 5;

/** Writes header blocks without compression: zlib's header once, then stored blocks. The preset dictionary is optional. */
export class HeaderBlockWriter {
	#hasStarted = false;

	write(headers: SpdyHeaders): Buffer {
		const plain = encodeHeaders(headers);
		const begin = this.#hasStarted ? 0 : zlibHeader.length;
		const pieces = Math.ceil(plain.length / maxStoredBytes);
		const block = Buffer.allocUnsafe(begin + pieces * storedHeadBytes + plain.length + syncFlush.length);
		if (!this.#hasStarted) {
			zlibHeader.copy(block);
			this.#hasStarted = true;
		}

		let at = begin;
		for (let from = 0; from < plain.length; from += maxStoredBytes) {
			const length = Math.min(maxStoredBytes, plain.length - from);
			block[at] = 0;
			block.writeUInt16LE(length, at + 1);
			block.writeUInt16LE(~length & 0xff_ff, at + 3);
			at += storedHeadBytes;
			at += plain.copy(block, at, from, from + length);
		}

		syncFlush.copy(block, at);
		return block;
	}
}

/** Count, then length and bytes of each name and value; 32 bits, big-endian. Allocates once: a burst of connections writes many blocks. */
function encodeHeaders(headers: SpdyHeaders): Buffer {
	const texts = Object.entries(headers).flatMap(([name, value]) => [name.toLowerCase(), value]);
	const block = Buffer.allocUnsafe(texts.reduce((sum, text) => sum + 4 + Buffer.byteLength(text), 4));
	let at = block.writeUInt32BE(texts.length / 2);
	for (const text of texts) {
		const written = block.write(text, at + 4);
		block.writeUInt32BE(written, at);
		at += 4 + written;
	}

	return block;
}

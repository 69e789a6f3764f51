/** SPDY/3.1 frames and header blocks. */
import {resetStatus, protocolError} from './protocol-error.ts';

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

type FrameSink = {
	onControl(frame: ControlFrame): void;
	/** `fin` comes with the last chunk of a frame. */
	onData(streamId: number, piece: Buffer, fin: boolean): void;
};

/** As a server's header block. Data is not buffered. */
const maxControlBytes = 4 << 20;
const maxSettings = 1000;

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

export class SpdyFrameDecoder {
	readonly #sink: FrameSink;
	readonly #head = Buffer.alloc(8);
	#headBytes = 0;
	#body: Buffer | undefined;
	#bodyBytes = 0;
	#streamId = 0;
	#missingDataBytes = 0;
	#hasFin = false;

	constructor(sink: FrameSink) {
		this.#sink = sink;
	}

	get isAtFrameBoundary(): boolean {
		return this.#headBytes === 0;
	}

	/** @throws SpokeError ERR_PROTOCOL; do not use the decoder afterwards */
	push(chunk: Buffer): void {
		for (let at = 0; at < chunk.length;) {
			if (this.#headBytes < 8) {
				at = this.#readHead(chunk, at);
			} else if (this.#body) {
				at = this.#readControl(this.#body, chunk, at);
			} else {
				at = this.#readData(chunk, at);
			}
		}
	}

	#readHead(chunk: Buffer, at: number): number {
		const end = Math.min(at + 8 - this.#headBytes, chunk.length);
		chunk.copy(this.#head, this.#headBytes, at, end);
		this.#headBytes += end - at;
		if (this.#headBytes === 8) {
			this.#begin();
		}

		return end;
	}

	#readControl(body: Buffer, chunk: Buffer, at: number): number {
		const end = Math.min(at + body.length - this.#bodyBytes, chunk.length);
		chunk.copy(body, this.#bodyBytes, at, end);
		this.#bodyBytes += end - at;
		if (this.#bodyBytes === body.length) {
			this.#endControl(body);
		}

		return end;
	}

	#readData(chunk: Buffer, at: number): number {
		const end = Math.min(at + this.#missingDataBytes, chunk.length);
		this.#missingDataBytes -= end - at;
		this.#endData(chunk.subarray(at, end));
		return end;
	}

	/** The first bit distinguishes control and data frames (SPDY/3 section 2.2). */
	#begin(): void {
		const length = this.#head.readUIntBE(5, 3);
		if ((this.#head[0]! & 0x80) === 0) {
			this.#beginData(length);
		} else {
			this.#beginControl(length);
		}
	}

	#beginData(length: number): void {
		this.#streamId = this.#head.readUInt32BE(0);
		if (this.#streamId === 0) {
			throw protocolError('a SPDY data frame for stream 0');
		}

		this.#hasFin = (this.#head[4]! & flagFin) !== 0;
		this.#missingDataBytes = length;
		if (length === 0) {
			this.#endData(Buffer.alloc(0));
		}
	}

	#beginControl(length: number): void {
		const version = this.#head.readUInt16BE(0) & 0x7f_ff;
		if (version !== 3) {
			throw protocolError(`a SPDY frame of version ${version}; only 3 is supported`);
		}

		if (length > maxControlBytes) {
			throw protocolError(`a SPDY control frame of ${length} bytes; at most ${maxControlBytes} are accepted`);
		}

		this.#body = Buffer.allocUnsafe(length);
		this.#bodyBytes = 0;
		if (length === 0) {
			this.#endControl(this.#body);
		}
	}

	#endControl(body: Buffer): void {
		this.#headBytes = 0;
		this.#body = undefined;
		this.#sink.onControl(readControl(this.#head.readUInt16BE(2), this.#head[4]!, body));
	}

	#endData(piece: Buffer): void {
		const last = this.#missingDataBytes === 0;
		if (last) {
			this.#headBytes = 0;
		}

		this.#sink.onData(this.#streamId, piece, last && this.#hasFin);
	}
}

function readControl(type: number, flags: number, body: Buffer): ControlFrame {
	const fin = (flags & flagFin) !== 0;
	switch (type) {
		case frameType.synStream: {
			return {type: 'syn-stream', streamId: readStreamId(body, 10, 'SYN_STREAM'), fin, block: body.subarray(10)};
		}

		case frameType.synReply: {
			return {type: 'syn-reply', streamId: readStreamId(body, 4, 'SYN_REPLY'), fin, block: body.subarray(4)};
		}

		case frameType.headers: {
			return {type: 'headers', streamId: readStreamId(body, 4, 'HEADERS'), fin, block: body.subarray(4)};
		}

		case frameType.rstStream: {
			assertLength(body, 8, 'RST_STREAM');
			return {type: 'rst-stream', streamId: readStreamId(body, 8, 'RST_STREAM'), status: body.readUInt32BE(4)};
		}

		case frameType.ping: {
			assertLength(body, 4, 'PING');
			return {type: 'ping', id: body.readUInt32BE(0)};
		}

		case frameType.goAway: {
			assertLength(body, 8, 'GOAWAY');
			return {type: 'go-away', lastStreamId: body.readUInt32BE(0) & 0x7f_ff_ff_ff, status: body.readUInt32BE(4)};
		}

		case frameType.settings: {
			const count = body.length < 4 ? 0 : body.readUInt32BE(0);
			if (count > maxSettings) {
				throw protocolError(`a SPDY SETTINGS frame with ${count} entries; at most ${maxSettings} are accepted`);
			}

			assertLength(body, 4 + 8 * count, 'SETTINGS');
			return {type: 'ignored'};
		}

		case frameType.windowUpdate: {
			assertLength(body, 8, 'WINDOW_UPDATE');
			return {type: 'ignored'};
		}

		default: {
			return {type: 'ignored'};
		}
	}
}

function readStreamId(body: Buffer, atLeast: number, name: string): number {
	if (body.length < atLeast) {
		throw protocolError(`a SPDY ${name} frame of ${body.length} bytes is too short`);
	}

	const id = body.readUInt32BE(0) & 0x7f_ff_ff_ff;
	if (id === 0) {
		throw protocolError(`a SPDY ${name} frame for stream 0`);
	}

	return id;
}

function assertLength(body: Buffer, length: number, name: string): void {
	if (body.length !== length) {
		throw protocolError(`a SPDY ${name} frame of ${body.length} bytes; it must have ${length}`);
	}
}

/** Incremental decoder of SPDY/3.1 frames. */
import {protocolError} from './protocol-error.ts';
import {flagFin, frameType, type ControlFrame} from './spdy-frame.ts';

export type FrameSink = {
	onControl(frame: ControlFrame): void;
	/** `fin` comes with the last chunk of a frame. */
	onData(streamId: number, piece: Buffer, fin: boolean): void;
};

/** As a server's header block. Data is not buffered. */
const maxControlBytes = 4 << 20;
const maxSettings = 1000;

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

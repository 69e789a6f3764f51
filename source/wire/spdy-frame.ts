/** SPDY/3.1 frames. */
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

/** `fin`: this side sends nothing. */
export function synStreamFrame(streamId: number, block: Buffer, fin: boolean): Buffer {
	const frame = controlFrame(frameType.synStream, fin ? flagFin : 0, 10 + block.length);
	frame.writeUInt32BE(streamId, 8);
	block.copy(frame, 18);
	return frame;
}

export function synReplyFrame(streamId: number, block: Buffer, fin: boolean): Buffer {
	const frame = controlFrame(frameType.synReply, fin ? flagFin : 0, 4 + block.length);
	frame.writeUInt32BE(streamId, 8);
	block.copy(frame, 12);
	return frame;
}

/** Aborts the stream in both directions. */
export function rstStreamFrame(streamId: number, status: number = resetStatus.cancel): Buffer {
	return twoNumberFrame(frameType.rstStream, streamId, status);
}

/** No stream above `lastStreamId` was or will be accepted. */
export function goAwayFrame(lastStreamId: number, status = 0): Buffer {
	return twoNumberFrame(frameType.goAway, lastStreamId, status);
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
function controlFrame(type: number, flags: number, length: number): Buffer {
	const frame = Buffer.alloc(8 + length);
	frame.writeUInt16BE(0x80_03, 0);
	frame.writeUInt16BE(type, 2);
	frame.writeUInt32BE(length, 4);
	frame[4] = flags;
	return frame;
}

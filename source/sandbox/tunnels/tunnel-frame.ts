/** Frames between agent and server; not the protocol of Konnectivity. */

/** type (1 byte), stream (4), length (4), payload. */
export const frameTypes = {dial: 1, opened: 2, failed: 3, data: 4, fin: 5, reset: 6, credit: 7} as const;

export type Frame = {type: number; stream: number; payload: Buffer};

const headLength = 9;

export function encodeFrame(type: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
	const frame = Buffer.allocUnsafe(headLength + payload.length);
	frame.writeUInt8(type, 0);
	frame.writeUInt32BE(stream, 1);
	frame.writeUInt32BE(payload.length, 5);
	frame.set(payload, headLength);
	return frame;
}

/** Splits bytes into complete frames. */
export class FrameReader {
	#pending: Buffer = Buffer.alloc(0);

	push(chunk: Buffer): Frame[] {
		this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
		const frames: Frame[] = [];
		while (this.#pending.length >= headLength) {
			const end = headLength + this.#pending.readUInt32BE(5);
			if (this.#pending.length < end) {
				break;
			}

			frames.push({
				type: this.#pending.readUInt8(0),
				stream: this.#pending.readUInt32BE(1),
				payload: this.#pending.subarray(headLength, end),
			});
			this.#pending = this.#pending.subarray(end);
		}

		return frames;
	}
}

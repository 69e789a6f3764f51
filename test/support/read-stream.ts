/** Reads streams that may fail. `text` and `buffer` of `node:stream/consumers` read those that must not. */
import type {Readable} from 'node:stream';

/** What arrived until the end or the failure. */
export async function receivedBytes(stream: Readable): Promise<Buffer> {
	const pieces: Buffer[] = [];
	try {
		for await (const piece of stream as AsyncIterable<Buffer>) {
			pieces.push(piece);
		}
	} catch {
		// The outcome says how it ended.
	}

	return Buffer.concat(pieces);
}

export async function receivedText(stream: Readable): Promise<string> {
	return (await receivedBytes(stream)).toString();
}

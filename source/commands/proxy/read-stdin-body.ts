/** How is the body sent that comes on stdin: with its length, or as it comes? */
import {Readable} from 'node:stream';
import {setTimeout as sleep} from 'node:timers/promises';

/** Whoever writes slower than this wants each piece passed on. */
const pauseMs = 100;

/** More is not kept in memory. */
const mostBytes = 64 * 1024 * 1024;

/** What comes without a pause is gathered and so has a length, as `ProxyRequest.bodyBytes` says what for; anything else is sent as it comes. */
export async function readStdinBody(stdin: Readable): Promise<Uint8Array | Readable> {
	const pieces: Buffer[] = [];
	const iterator = stdin[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
	for (let bytes = 0, next = iterator.next(); ; next = iterator.next()) {
		const settled = new AbortController();
		const read = await Promise.race([next, sleep(pauseMs, null, {signal: settled.signal}).catch(() => null)]);
		settled.abort();
		if (read?.done === true) {
			return Buffer.concat(pieces);
		}

		if (read === null || bytes + read.value.length > mostBytes) {
			return Readable.from(asItComes(pieces, next, iterator), {objectMode: false});
		}

		pieces.push(read.value);
		bytes += read.value.length;
	}
}

async function* asItComes(
	pieces: readonly Buffer[],
	first: Promise<IteratorResult<Buffer>>,
	iterator: AsyncIterator<Buffer>,
): AsyncGenerator<Buffer> {
	yield* pieces;
	for (let read = await first; read.done !== true; read = await iterator.next()) {
		yield read.value;
	}
}

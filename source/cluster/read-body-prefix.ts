/** The beginning of an error response's body. */
import {ByteCollector} from '../wire/byte-collector.ts';

/** Ample, because the body of an error response follows its head at once. */
const prefixTimeoutMs = 10_000;

/** UTF-8. Destroys a longer body, because the rest would block the connection. Never throws. */
export async function readBodyPrefix(
	body: NodeJS.ReadableStream & {destroy(): void},
	maxBytes: number,
	{timeoutMs = prefixTimeoutMs}: {timeoutMs?: number} = {},
): Promise<string> {
	const collected = new ByteCollector(maxBytes);
	const timer = setTimeout(() => {
		body.destroy();
	}, timeoutMs);
	try {
		for await (const chunk of body as AsyncIterable<Buffer>) {
			collected.add(chunk.subarray(0, maxBytes - collected.length));
			if (collected.length === maxBytes) {
				break;
			}
		}
	} catch {
		// The bytes before the interruption are still useful.
	} finally {
		clearTimeout(timer);
	}

	return collected.take().toString('utf8');
}

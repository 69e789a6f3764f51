/** The beginning of a response body as text, for error messages. */
import {ByteCollector} from '../wire/byte-collector.ts';

/** After the head of an error response, its body follows at once, if there is one. */
const prefixTimeoutMs = 10_000;

/**
At most `maxBytes` of UTF-8 that arrive within `timeoutMs`; a longer body is destroyed, because the rest would block the connection.
Never throws: returns what arrived before an interruption.
*/
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

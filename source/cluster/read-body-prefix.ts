/** The beginning of a body as text: refusals are read with it. */
import {ByteCollector} from '../wire/byte-collector.ts';

/** Of an answer that was given already the words follow at once, if they do. */
const prefixTimeoutMs = 10_000;

/**
At most `maxBytes` of UTF-8, and what has come within `limitMs`; what is longer ends the body, since the rest would stand in the way.
Never throws: what came before a cut is what can be told.
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
		// What came before the cut is the refusal's text.
	} finally {
		clearTimeout(timer);
	}

	return collected.take().toString('utf8');
}

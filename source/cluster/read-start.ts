/** The beginning of a body as text: refusals are read with it. */

/** At most `maxBytes` of UTF-8; what is longer ends the body, since the rest would stand in the way. Never throws: what came before a cut is what can be told. */
export async function readStart(body: NodeJS.ReadableStream & {destroy(): void}, maxBytes: number): Promise<string> {
	const chunks: Buffer[] = [];
	let total = 0;
	try {
		for await (const chunk of body as AsyncIterable<Buffer>) {
			chunks.push(chunk);
			total += chunk.length;
			if (total >= maxBytes) {
				body.destroy();
				break;
			}
		}
	} catch {
		// What came before the cut is the refusal's text.
	}

	return Buffer.concat(chunks).toString('utf8').slice(0, maxBytes);
}

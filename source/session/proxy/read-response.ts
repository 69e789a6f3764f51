/** Limits for reading a response. */
import {SpokeError} from '../../errors/spoke-error.ts';
import {truncatedResponseError} from '../../streams/proxy/truncated-response.ts';
import type {ProxyResponse} from '../../streams/proxy/proxy-request.ts';

const mostBody = 1024 * 1024;
const mostMs = 30_000;
const showMs = 250;

/**
Stops at a size and a time limit; `cut` tells the user.
@throws SpokeError ERR_STREAM_LOST for a truncated body
*/
export async function readResponse(
	{bodyStart: begun, body}: ProxyResponse,
	onMore: (pieces: readonly Buffer[]) => void,
): Promise<{pieces: readonly Buffer[]; cut: string | null}> {
	const pieces = [begun];
	let bytes = begun.length;
	let shown = 0;
	let isLate = false;
	const showing = setInterval(() => {
		if (pieces.length > shown) {
			shown = pieces.length;
			onMore(pieces);
		}
	}, showMs);
	const limit = setTimeout(() => {
		isLate = true;
		body.destroy();
	}, mostMs);
	try {
		for await (const piece of body as AsyncIterable<Buffer>) {
			bytes += piece.length;
			pieces.push(piece);
			if (bytes > mostBody) {
				return {pieces, cut: 'only the first MiB was read'};
			}
		}
	} catch (error) {
		if (!isLate) {
			throw error instanceof SpokeError ? error : truncatedResponseError(error);
		}
	} finally {
		clearInterval(showing);
		clearTimeout(limit);
		body.destroy();
		onMore(pieces);
	}

	return {pieces, cut: isLate ? `only the first ${mostMs / 1000} s were read` : null};
}

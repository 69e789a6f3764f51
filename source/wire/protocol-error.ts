/** How does the wire say that the other side broke the protocol, reset a stream, or is gone? */
import {SpokeError} from '../errors/spoke-error.ts';

/** The other side sent what no peer of this protocol may send; the connection cannot go on. */
export function protocolError(message: string): SpokeError {
	return new SpokeError('ERR_PROTOCOL', message);
}

/** The connection that carried the stream is gone, before the stream had ended. Its leg is the row’s and no finding: `lost-leg.ts` asks which it was before anybody is told. */
export function streamLost(message: string, cause?: unknown): SpokeError {
	return new SpokeError('ERR_STREAM_LOST', message, cause === undefined ? {} : {cause});
}

/** The same by what broke it. */
export function lostBy(cause: Error): SpokeError {
	return streamLost(`the connection was lost: ${cause.message}`, cause);
}

/** RST_STREAM's statuses (SPDY/3 section 2.6.3). */
export const resetStatus = {protocolError: 1, invalidStream: 2, refused: 3, unsupportedVersion: 4, cancel: 5, internalError: 6, flowControlError: 7} as const;

/** The other side ended one stream at once (RST_STREAM): never the same as its end (FIN). The session lives on. */
export class StreamReset extends Error {
	override readonly name = 'StreamReset';
	readonly status: number;

	constructor(status: number) {
		const name = Object.entries(resetStatus).find(([, value]) => value === status)?.[0];
		super(`the other side reset the stream (${name ?? 'status'} ${status})`);
		this.status = status;
	}
}

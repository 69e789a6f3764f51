/** How does the wire say that the other side broke the protocol, reset a stream, or is gone? */
import {SpokeError} from '../errors/spoke-error.ts';

/** The other side sent what no peer of this protocol may send; the connection cannot go on. */
export function protocolError(message: string): SpokeError {
	return new SpokeError('ERR_PROTOCOL', message);
}

/** `cut`, or: nothing came of the other side; it ended the stream without a status; it took no more input; nobody took what was to be carried. */
export type LossKind = 'cut' | 'silence' | 'no-status' | 'input-refused' | 'not-taken';

/** ERR_STREAM_LOST of which nobody has asked yet on which leg it was: sessions/lost-leg.ts does before anybody is told. */
export class StreamLostError extends SpokeError {
	readonly kind: LossKind;

	constructor(message: string, {kind, cause, remedy}: {kind: LossKind; cause?: unknown; remedy?: string}) {
		super('ERR_STREAM_LOST', message, {cause, ...(remedy !== undefined && {remedy})});
		this.kind = kind;
	}
}

/** The connection that carried the stream is gone, before the stream had ended. */
export function streamLostError(message: string, cause?: unknown): StreamLostError {
	return new StreamLostError(message, {kind: 'cut', cause});
}

/** Nothing came for so long, milliseconds, although it was asked for. */
export function silenceError(milliseconds: number): StreamLostError {
	return new StreamLostError(`nothing was heard from the other side for ${Math.round(milliseconds / 1000)} s`, {kind: 'silence'});
}

/** The same by what broke it. */
export function streamLostBecause(cause: Error): StreamLostError {
	return streamLostError(`the connection was lost: ${cause.message}`, cause);
}

/** RST_STREAM's statuses (SPDY/3 section 2.6.3). */
export const resetStatus = {
	protocolError: 1,
	invalidStream: 2,
	refused: 3,
	unsupportedVersion: 4,
	cancel: 5,
	internalError: 6,
	flowControlError: 7,
} as const;

/** The other side ended one stream at once (RST_STREAM): never the same as its end (FIN). The session lives on. */
export class StreamResetError extends Error {
	override readonly name = 'StreamReset';
	readonly status: number;

	constructor(status: number) {
		const name = Object.entries(resetStatus).find(([, value]) => value === status)?.[0];
		super(`the other side reset the stream (${name ?? 'status'} ${status})`);
		this.status = status;
	}
}

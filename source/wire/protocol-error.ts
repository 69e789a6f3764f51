/** Errors of the wire. */
import {SpokeError} from '../base/errors/spoke-error.ts';

/** The connection cannot be used any more. */
export function protocolError(message: string): SpokeError {
	return new SpokeError('ERR_PROTOCOL', message);
}

/** `not-confirmed`: the runtime did not accept a forwarded connection. */
export type LossKind = 'cut' | 'silence' | 'no-status' | 'input-refused' | 'not-confirmed';

/** A lost stream whose leg is not determined yet (streams/locate-loss.ts). */
export class StreamLostError extends SpokeError {
	readonly kind: LossKind;

	constructor(message: string, {kind, cause, remedy}: {kind: LossKind; cause?: unknown; remedy?: string}) {
		super('ERR_STREAM_LOST', message, {cause, ...(remedy !== undefined && {remedy})});
		this.kind = kind;
	}
}

export function streamLostError(message: string, cause?: unknown): StreamLostError {
	return new StreamLostError(message, {kind: 'cut', cause});
}

export function silenceError(milliseconds: number): StreamLostError {
	return new StreamLostError(`nothing was received from the other side for ${Math.round(milliseconds / 1000)} s`, {kind: 'silence'});
}

export function streamLostBecause(cause: Error): StreamLostError {
	return streamLostError(`the connection was lost: ${cause.message}`, cause);
}

/** SPDY/3 section 2.6.3. */
export const resetStatus = {
	protocolError: 1,
	invalidStream: 2,
	refused: 3,
	unsupportedVersion: 4,
	cancel: 5,
	internalError: 6,
	flowControlError: 7,
} as const;

/** RST_STREAM, which is not the stream's end (FIN). The session continues. */
export class StreamResetError extends Error {
	override readonly name = 'StreamReset';
	readonly status: number;

	constructor(status: number) {
		const name = Object.entries(resetStatus).find(([, value]) => value === status)?.[0];
		super(`the other side reset the stream (${name ?? 'status'} ${status})`);
		this.status = status;
	}
}

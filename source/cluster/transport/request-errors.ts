/** Errors and time limits of requests. */
import {anySignal} from '../../async/abortable.ts';
import {afterTurns, systemClock} from '../../async/clock.ts';
import {isSpokeError, SpokeError} from '../../errors/spoke-error.ts';
import type {RequestOptions, ApiResponse} from '../cluster-client.ts';

/** As client-go. @see k8s.io/client-go rest/with_retry.go */
export const maxRetries = 10;
/** A request that should wait longer fails. */
export const maxRetryAfterMs = 60_000;

/** @param error of the socket, of the parser, or of another request on the connection */
export function requestError(error: NodeJS.ErrnoException, peerName: string, signal: AbortSignal | undefined): Error {
	if (isSpokeError(error) || signal?.aborted) {
		return error;
	}

	// With TLS 1.3 a server rejects a client certificate only after the handshake, by an alert.
	const alert =
		/alert (bad certificate|unsupported certificate|certificate revoked|certificate expired|certificate unknown|unknown ca|certificate required)/i.exec(
			error.message,
		);
	if (alert) {
		return new SpokeError(
			'ERR_CLIENT_CERTIFICATE',
			`${peerName} refused the client certificate: remote error: tls: ${alert[1]!.toLowerCase()}`,
			{leg: 1, text: error.message, cause: error},
		);
	}

	const text = lossText(error);
	return new SpokeError('ERR_APISERVER_UNREACHABLE', `the connection to ${peerName} was lost: ${text}`, {text, cause: error});
}

export function responseTimeoutError(peerName: string, timeoutMs: number): SpokeError {
	return new SpokeError('ERR_APISERVER_TIMEOUT', `${peerName} did not respond within ${timeoutMs / 1000} s`);
}

/** Turns `wholeTimeoutMs` into an abort, for a request that waits for no other. */
export function withWholeTimeout({wholeTimeoutMs, ...options}: RequestOptions, peerName: string): RequestOptions {
	if (wholeTimeoutMs === undefined) {
		return options;
	}

	const limit = new AbortController();
	afterTurns(systemClock, wholeTimeoutMs, () => {
		limit.abort(responseTimeoutError(peerName, wholeTimeoutMs));
	});
	return {...options, signal: anySignal(options.signal, limit.signal)};
}

/** The connection closed. Code and message are those of Node.js. */
export class ConnectionClosedError extends Error {
	readonly code = 'ECONNRESET';
	readonly inResponse: boolean;

	constructor({inResponse}: {inResponse: boolean}) {
		super(inResponse ? 'aborted' : 'socket hang up');
		this.inResponse = inResponse;
	}
}

/** The server has not processed the request, so it can be sent again on another connection (RFC 9113 §8.7). */
export class NotProcessedError extends ConnectionClosedError {
	constructor() {
		super({inResponse: false});
	}
}

export function wasNotProcessed(error: unknown): boolean {
	return error instanceof Error && error.cause instanceof NotProcessedError;
}

/** Go's error texts, which users search for. */
function lossText(error: NodeJS.ErrnoException): string {
	const {code, message} = error;
	switch (code) {
		case 'ECONNRESET': {
			return error instanceof ConnectionClosedError && !error.inResponse ? 'EOF' : 'connection reset by peer';
		}

		case 'EPIPE': {
			return 'broken pipe';
		}

		default: {
			return message;
		}
	}
}

/** `null` unless the failure is temporary and the header has seconds. */
export function retryAfterMs({status, headers}: Pick<ApiResponse, 'status' | 'headers'>): number | null {
	const isTemporary = status === 429 || status >= 500;
	const seconds = headers['retry-after'];
	return isTemporary && seconds !== undefined && /^\d{1,9}$/.test(seconds) ? Number(seconds) * 1000 : null;
}

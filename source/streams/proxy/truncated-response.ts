/** Errors for a missing or truncated response. */
import {isSpokeError, SpokeError} from '../../errors/spoke-error.ts';

/** The leg is unknown: an apiserver also ends leg 1 when it loses leg 2. */
export function truncatedResponseError(cause: unknown): SpokeError {
	return new SpokeError('ERR_STREAM_LOST', `the response was truncated: ${(cause as Error).message}: ${legUnknown}`, {cause});
}

/** The leg is unknown: an apiserver waits for its backend. Returns other errors unchanged. */
export function noResponseError(cause: unknown, timeoutMs: number): unknown {
	const {code, text} = isSpokeError(cause) ? cause : {code: null, text: null};
	switch (code) {
		case 'ERR_APISERVER_TIMEOUT': {
			return new SpokeError('ERR_STREAM_LOST', `no response within ${timeoutMs / 1000} s: ${legUnknown}`, {
				cause,
				remedy: 'raise --request-timeout, or run `spoke doctor` on the target',
			});
		}

		case 'ERR_APISERVER_UNREACHABLE': {
			return new SpokeError('ERR_STREAM_LOST', `the connection ended without a response: ${text}: ${legUnknown}`, {cause, text});
		}

		default: {
			return cause;
		}
	}
}

const legUnknown = 'it is unknown whether this happened on leg 1 (to the apiserver) or leg 2 (beyond it)';

/** How is an answer told that did not come, or not to its end? */
import {SpokeError} from '../../errors/spoke-error.ts';

/** ERR_STREAM_LOST with the words of what cut it. An apiserver ends our connection when its own to what answers behind it is cut: no leg is known by it. */
export function truncatedResponseError(cause: unknown): SpokeError {
	return new SpokeError('ERR_STREAM_LOST', `the answer was cut short: ${(cause as Error).message}: ${notKnown}`, {cause});
}

/** The same of one that did not begin although the request went out: an apiserver waits as long as what answers behind it. Anything else is left as it is. */
export function noResponseError(cause: unknown, limitMs: number): unknown {
	const {code, text} = cause instanceof SpokeError ? cause : {code: null, text: null};
	switch (code) {
		case 'ERR_APISERVER_TIMEOUT': {
			return new SpokeError('ERR_STREAM_LOST', `no answer within ${limitMs / 1000} s: ${notKnown}`, {
				cause,
				remedy: 'raise --request-timeout, or run `spoke doctor` on the target',
			});
		}

		case 'ERR_APISERVER_UNREACHABLE': {
			return new SpokeError('ERR_STREAM_LOST', `the connection ended without an answer: ${text}: ${notKnown}`, {cause, text});
		}

		default: {
			return cause;
		}
	}
}

const notKnown = 'whether between you and the apiserver (leg 1) or behind it (leg 2) is not known';

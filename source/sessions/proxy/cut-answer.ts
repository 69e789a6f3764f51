/** How is an answer told that did not come to its end? */
import {SpokeError} from '../../errors/spoke-error.ts';

/** ERR_STREAM_LOST with the words of what cut it. An apiserver ends our connection when its own to what answers behind it is cut: no leg is known by it. */
export function cutAnswer(cause: unknown): SpokeError {
	return new SpokeError('ERR_STREAM_LOST', `the answer was cut short: ${(cause as Error).message}: whether between you and the apiserver (leg 1) or behind it (leg 2) is not known`, {cause});
}

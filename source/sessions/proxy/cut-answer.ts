/** How is an answer told that did not come to its end? */
import {SpokeError} from '../../errors/spoke-error.ts';

/** ERR_STREAM_LOST with the words of what cut it. */
export function cutAnswer(cause: unknown): SpokeError {
	return new SpokeError('ERR_STREAM_LOST', `the answer was cut short: ${(cause as Error).message}`, {cause});
}

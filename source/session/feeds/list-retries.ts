/** When is a list that could not be read tried again? */
import type {SpokeError} from '../../errors/spoke-error.ts';

const firstMs = 1000;
const longestMs = 15_000;
/** Rights, a login or a kind that is not served come seldom, and an apiserver that refuses is not asked more often than that. */
const refusedMs = 60_000;

/** Of one list, over its whole life. */
export class ListRetries {
	#lost = 0;

	/**
	Milliseconds until the next try. Waits grow with each loss in a row, and a refusal ends the row: an apiserver answered. What was read once is lost by
	nothing but a refusal (`watchObjects`), so no outage that is past makes a later one longer.
	*/
	after(error: SpokeError): {waitMs: number; isRefused: boolean} {
		if (isRefusal(error)) {
			this.#lost = 0;
			return {waitMs: refusedMs, isRefused: true};
		}

		const waitMs = Math.min(longestMs, firstMs * 2 ** this.#lost);
		this.#lost++;
		return {waitMs, isRefused: false};
	}
}

function isRefusal({code}: SpokeError): boolean {
	return code === 'ERR_FORBIDDEN' || code === 'ERR_NOT_FOUND' || code === 'ERR_CREDENTIALS';
}

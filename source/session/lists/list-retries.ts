/** Retry delays of a list. */
import {backoffMs} from '../../async/clock.ts';
import type {SpokeError} from '../../errors/spoke-error.ts';

const backoff = {initialMs: 1000, maxMs: 15_000};
/** Permissions and API kinds change rarely, so refusals are retried less often. */
const refusedMs = 60_000;

export class ListRetries {
	#lost = 0;

	/**
	Grows with consecutive failures. A refusal resets it, because the apiserver responded. After a successful read only a refusal ends the
	list (`watchObjects`), so earlier outages do not add up.
	*/
	after(error: SpokeError): {waitMs: number; isRefused: boolean} {
		if (isRefusal(error)) {
			this.#lost = 0;
			return {waitMs: refusedMs, isRefused: true};
		}

		this.#lost++;
		return {waitMs: backoffMs(this.#lost, backoff), isRefused: false};
	}
}

function isRefusal({code}: SpokeError): boolean {
	return code === 'ERR_FORBIDDEN' || code === 'ERR_NOT_FOUND' || code === 'ERR_CREDENTIALS';
}

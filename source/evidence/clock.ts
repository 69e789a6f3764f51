/** What time is it, and who is called later? Labels take the time from here and nowhere else, so that it can be turned by hand. */
export type Clock = {
	/** Milliseconds since 1970, to compare with times that were written down. A person may set it back. */
	now(): number;
	/** Milliseconds that only go on, to say how long something takes. */
	elapsed(): number;
	/** Calls `work` once, so many milliseconds later; keeps no process open. Returns a function that calls it off. */
	after(ms: number, work: () => void): () => void;
};

/** The machine's own. */
export const systemClock: Clock = {
	now: () => Date.now(),
	elapsed: () => performance.now(),
	after(ms, work) {
		const timer = setTimeout(work, ms).unref();
		return () => {
			clearTimeout(timer);
		};
	},
};

/** Over at once where no time is left, and as soon as `signal` is aborted. */
export async function clockDelay(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
	if (ms <= 0 || signal?.aborted) {
		return;
	}

	const {promise, resolve} = Promise.withResolvers<void>();
	const over = () => {
		resolve();
	};

	const callOff = clock.after(ms, over);
	signal?.addEventListener('abort', over);
	await promise;
	signal?.removeEventListener('abort', over);
	callOff();
}

/** What began `at` is no older than that `now`. A clock that was set back since makes nothing recent. */
export function isRecent(at: number | undefined, maxAgeMs: number, now: number): boolean {
	const age = at === undefined ? -1 : now - at;
	return age >= 0 && age < maxAgeMs;
}

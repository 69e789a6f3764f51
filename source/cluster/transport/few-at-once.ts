/** Lets only so many handshakes run at once: an apiserver that has just come back is not stormed by everything that waited for it. */

/** Runs `work` when fewer than `most` others run; the rest wait in order. */
export function fewAtOnce(most: number): <Result>(work: () => Promise<Result>, signal?: AbortSignal) => Promise<Result> {
	let running = 0;
	const waiting: Array<() => void> = [];
	return async (work, signal) => {
		if (running >= most) {
			const {promise, resolve} = Promise.withResolvers<void>();
			waiting.push(resolve);
			await promise;
		} else {
			running++;
		}

		try {
			signal?.throwIfAborted();
			return await work();
		} finally {
			const next = waiting.shift();
			if (next) {
				next();
			} else {
				running--;
			}
		}
	};
}

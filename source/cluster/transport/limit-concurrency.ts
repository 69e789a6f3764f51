/** Limit on concurrent handshakes, so that an apiserver that has just restarted is not flooded. */

/** The rest wait in order, until their signal aborts. */
export function limitConcurrency(maxRunning: number): <Result>(work: () => Promise<Result>, signal?: AbortSignal) => Promise<Result> {
	let running = 0;
	const waiting: Array<() => void> = [];
	return async (work, signal) => {
		if (running >= maxRunning) {
			await waitForTurn(waiting, signal);
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

async function waitForTurn(waiting: Array<() => void>, signal: AbortSignal | undefined): Promise<void> {
	signal?.throwIfAborted();
	const {promise, resolve, reject} = Promise.withResolvers<void>();
	const onAbort = () => {
		const index = waiting.indexOf(resolve);
		if (index >= 0) {
			waiting.splice(index, 1);
			reject(signal!.reason as Error);
		}
	};

	waiting.push(resolve);
	signal?.addEventListener('abort', onAbort);
	try {
		await promise;
	} finally {
		signal?.removeEventListener('abort', onAbort);
	}
}

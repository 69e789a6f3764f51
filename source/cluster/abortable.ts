/** How does whoever waits hear at once that nobody wants what it waits for? */
import {setTimeout as delay} from 'node:timers/promises';

/**
What `begin` comes to. Behind an abort it is waited for no more, but ends only by itself; it is not even begun for whoever has left already.
@throws the signal's reason
*/
export async function rejectOnAbort<Value>(begin: () => Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
	if (!signal) {
		return begin();
	}

	signal.throwIfAborted();
	const {promise, reject} = Promise.withResolvers<never>();
	const aborted = () => {
		reject(signal.reason as Error);
	};

	signal.addEventListener('abort', aborted);
	try {
		return await Promise.race([begin(), promise]);
	} finally {
		signal.removeEventListener('abort', aborted);
	}
}

/**
Nothing for `ms`. Node's own ends with an error of its own, which nobody who knows the signal looks for.
@throws the signal's reason
*/
export async function abortableDelay(ms: number, signal: AbortSignal | undefined): Promise<void> {
	await delay(ms, undefined, signal && {signal}).catch(() => undefined);
	signal?.throwIfAborted();
}

/** Abort signals, what they end early, and clamping of timer durations. */
import {setTimeout as delay} from 'node:timers/promises';

/**
An abort rejects at once; the work itself continues unobserved.
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
An abort calls `stop`; rejects only when the work has ended, so that it can report its end.
@throws what the work throws, or the signal's reason
*/
export async function stopOnAbort<Value>(work: Promise<Value>, signal: AbortSignal, stop: () => void): Promise<Value> {
	signal.addEventListener('abort', stop);
	if (signal.aborted) {
		stop();
	}

	try {
		const value = await work;
		signal.throwIfAborted();
		return value;
	} finally {
		signal.removeEventListener('abort', stop);
	}
}

/** Aborted together with the first of `signals`; never without any. */
export function anySignal(...signals: ReadonlyArray<AbortSignal | undefined>): AbortSignal {
	const given = signals.filter(signal => signal !== undefined);
	return given.length === 1 ? given[0]! : AbortSignal.any(given);
}

/** Resolves early on abort, where Node's own timer rejects. */
export async function delayUpTo(ms: number, signal: AbortSignal | undefined): Promise<void> {
	await delay(ms, undefined, signal && {signal}).catch(() => undefined);
}

/** @throws the signal's reason, where Node's own timer throws an AbortError */
export async function abortableDelay(ms: number, signal: AbortSignal | undefined): Promise<void> {
	await delayUpTo(ms, signal);
	signal?.throwIfAborted();
}

/** 24 days. Node fires a longer timer at once. */
export const maxTimerMs = 2 ** 31 - 1;

/** 0 stays 0, which means no limit. */
export function clampTimerMs(timeoutMs: number): number {
	return Math.min(Math.ceil(timeoutMs), maxTimerMs);
}

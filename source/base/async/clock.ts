/** Time sources, which tests replace; delays, and the abort signals that end them early. */
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';

export type MonotonicClock = {
	/** Monotonic milliseconds. */
	elapsed(): number;
	/** Does not keep the process alive. Returns a cancel function. */
	after(ms: number, work: () => void): () => void;
};

export type Clock = MonotonicClock & {
	/** Milliseconds since 1970. The system clock can be set back. */
	now(): number;
};

export type Backoff = {
	initialMs: number;
	maxMs: number;
	/** Range of the random factor, which spreads the retries of many clients. Default: none. */
	jitter?: readonly [min: number, max: number];
};

/** A failure after a success of this length counts as a first attempt: many load balancers end connections after a minute. */
export const stableAfterMs = 3000;

/** 24 days. Node fires a longer timer at once. */
export const maxTimerMs = 2 ** 31 - 1;

/** Monotonic milliseconds. `performance` takes 1.5 ms to load, before the first byte of a command. */
export function monotonicMs(): number {
	return process.uptime() * 1000;
}

let continuousOffsetMs = 0;

/**
Whole milliseconds. They include the time in which the machine was suspended, which the monotonic clock of Linux leaves out, and a system
clock that is set back does not shorten them.
@see https://man7.org/linux/man-pages/man2/clock_gettime.2.html
*/
export function continuousMs(): number {
	const elapsed = monotonicMs();
	continuousOffsetMs = Math.max(continuousOffsetMs, Date.now() - elapsed);
	return Math.round(elapsed + continuousOffsetMs);
}

export const systemClock: Clock = {
	now: () => Date.now(),
	elapsed: monotonicMs,
	after(ms, work) {
		const timer = setTimeout(work, ms).unref();
		return () => {
			clearTimeout(timer);
		};
	},
};

/** Event loop turns that a timeout of input takes at least. */
const timeoutTurns = 15;

/**
Like `after`, but split into several timers, so that a process that was blocked still gets turns to read its input before the timeout fires.
Time in which this process did not run says nothing about the sender.
*/
export function afterTurns(clock: MonotonicClock, ms: number, work: () => void): () => void {
	let turnsLeft = timeoutTurns;
	let cancel: () => void;
	const next = () => {
		if (turnsLeft > 0) {
			turnsLeft--;
			cancel = clock.after(ms / timeoutTurns, next);
			return;
		}

		const reading = setImmediate(work);
		cancel = () => {
			clearImmediate(reading);
		};
	};

	next();
	return () => {
		cancel();
	};
}

/** Resolves early when `signal` is aborted. */
export async function clockDelay(clock: MonotonicClock, ms: number, signal?: AbortSignal): Promise<void> {
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

/** Nothing is recent after the clock was set back. */
export function isRecent(at: number | undefined, maxAgeMs: number, now: number): boolean {
	const age = at === undefined ? -1 : now - at;
	return age >= 0 && age < maxAgeMs;
}

/** Milliseconds before `attempt` (from 1): doubles up to `maxMs`, then jitter applies. */
export function backoffMs(
	attempt: number,
	{initialMs, maxMs, jitter: [min, max] = [1, 1]}: Backoff,
	random: () => number = Math.random,
): number {
	return Math.round(Math.min(maxMs, initialMs * 2 ** (attempt - 1)) * (min + random() * (max - min)));
}

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

/** 0 stays 0, which means no limit. */
export function clampTimerMs(timeoutMs: number): number {
	return Math.min(Math.ceil(timeoutMs), maxTimerMs);
}

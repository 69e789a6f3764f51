/** How long a command waits for the response to a proxied request. */
import {clampTimerMs} from '../async/abortable.ts';
import {parseDuration} from '../command-line/parse-duration.ts';

/** 30 s for the apiserver's connection to the backend, and 90 s for the response. */
const defaultTimeoutMs = 120_000;

/** `text`: the value of `--request-timeout`, in seconds or with a unit. 0 means the default. */
export function responseTimeoutMs(text: string): number {
	const limit = /^\d+$/.test(text) ? Number(text) * 1000 : (parseDuration(text) ?? 0);
	return limit > 0 ? clampTimerMs(limit) : defaultTimeoutMs;
}

/** How long a command waits for the response to a proxied request. */
import {parseRequestTimeout} from '../cluster/access-settings.ts';

/** 30 s for the apiserver's connection to the backend, and 90 s for the response. */
const defaultTimeoutMs = 120_000;

/** `text`: the value of `--request-timeout`, in seconds or with a unit. 0 means the default. */
export function parseResponseTimeout(text: string): number {
	return parseRequestTimeout(text) || defaultTimeoutMs;
}

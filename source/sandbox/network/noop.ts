/** Says where an error of a stream is no news. */

/** For `'error'`: the other side may go at any time, and `'close'` tells the rest. */
export function noop(): void {
	// Nothing to do.
}

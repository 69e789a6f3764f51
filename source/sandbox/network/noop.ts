/** Empty handler for expected stream errors. */

/** For `'error'`: the peer can disconnect at any time, and `'close'` follows. */
export function noop(): void {
	// Nothing to do.
}

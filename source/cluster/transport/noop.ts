/** Listener for errors. */

/** Without a listener an `error` event ends the process. */
export function noop(): void {
	// Reported elsewhere.
}

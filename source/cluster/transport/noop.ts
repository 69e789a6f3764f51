/** Listener for errors that are reported elsewhere. */

/** Without a listener an `error` event ends the process. */
export function noop(): void {
	// Reported elsewhere.
}

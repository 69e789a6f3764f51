/** What comes of an error that somebody else has told already: nothing. */

/** A listener must be there, or Node ends the process for an `error` that nobody hears. */
export function noop(): void {
	// Told elsewhere.
}

/** A time that is told in whole seconds, as Go and a certificate have it. */

/** RFC 3339 in UTC, without a fraction. */
export function formatRfc3339Seconds(time: Date): string {
	return time.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** What does the clock of whoever reads this show at that moment? Lines of a log keep their own. */

/** `14:03:07`, of milliseconds since 1970 or RFC 3339. */
export function clockTime(at: number | string): string {
	return new Date(at).toTimeString().slice(0, 8);
}

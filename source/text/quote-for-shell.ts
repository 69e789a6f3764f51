/** How does text stand in a command line so that a shell takes it for one word, as it is? */

/** Quoted only where it must be. */
export function quoteForShell(text: string): string {
	return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

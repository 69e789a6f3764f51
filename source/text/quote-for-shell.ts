/** Shell quoting. */

/** Quotes only if needed. */
export function quoteForShell(text: string): string {
	return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

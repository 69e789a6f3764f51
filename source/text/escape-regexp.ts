/** Regular expressions that a user types: escaping, letter case and errors. */

export function escapeRegExp(text: string): string {
	return text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
}

export function describeRegexError(error: unknown): string {
	return `invalid regular expression: ${(error as Error).message.replace(/^Invalid regular expression: .*: /s, '').toLowerCase()}`;
}

/** @throws SyntaxError for an invalid regular expression */
export function patternOf(text: string, flags = ''): RegExp {
	// The letter of an escape is not a capital letter: \S, \W, \p{L}.
	return new RegExp(text, `${flags}${isLower(text.replaceAll(/\\p\{[^}]*\}|\\./gi, '')) ? 'iu' : 'u'}`);
}

export function isLower(text: string): boolean {
	return text === text.toLowerCase();
}

/** Escaping of text for regular expressions, and errors of a user's pattern. */

export function escapeRegExp(text: string): string {
	return text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
}

export function describeRegexError(error: unknown): string {
	return `invalid regular expression: ${(error as Error).message.replace(/^Invalid regular expression: .*: /s, '').toLowerCase()}`;
}

/** A person's words as a pattern that means nothing but them. */

/** The source of a regular expression, with or without the flag `u`, that matches `text` itself. */
export function escapeRegExp(text: string): string {
	return text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
}

export function describeRegexError(error: unknown): string {
	return `no regex: ${(error as Error).message.replace(/^Invalid regular expression: .*: /s, '').toLowerCase()}`;
}

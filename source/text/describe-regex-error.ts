/** What the engine says of a regular expression that is none, without the expression, which stands beside it. */
export function describeRegexError(error: unknown): string {
	return `no regex: ${(error as Error).message.replace(/^Invalid regular expression: .*: /s, '').toLowerCase()}`;
}

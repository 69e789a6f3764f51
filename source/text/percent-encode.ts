/** Percent-encoding (RFC 3986 §2.1). */

/** Encodes each byte of the text that is not a `plain` character. */
export function percentEncode(text: string, plain: RegExp): string {
	return [...Buffer.from(text)]
		.map(byte => {
			const character = String.fromCodePoint(byte);
			return plain.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
		})
		.join('');
}

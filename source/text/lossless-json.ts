/** JSON as it was written: a number that a double cannot hold keeps all its digits. */

/** The engine has these; the compiler does not know them yet. @see https://tc39.es/proposal-json-parse-with-source/ */
const jsonWithSource = JSON as unknown as {
	parse(text: string, reviver: (key: string, value: unknown, context: {source?: string}) => unknown): unknown;
	rawJSON(source: string): object;
	isRawJSON(value: unknown): boolean;
};

/**
As JSON.parse, but `JSON.stringify` gives every number back as it stood in the text: ids of 64 bits, `1.0`, `1e5`.
@throws SyntaxError when the text is no JSON
*/
export function parseLosslessJson(text: string): unknown {
	return jsonWithSource.parse(text, (_, value, {source}) =>
		typeof value === 'number' && source !== undefined && String(value) !== source ? jsonWithSource.rawJSON(source) : value,
	);
}

/** Whether a value of `parseLosslessJson` is a number. */
export function isLosslessNumber(value: unknown): boolean {
	return typeof value === 'number' || jsonWithSource.isRawJSON(value);
}

/** A number of `parseLosslessJson` as it stood in the text. */
export function losslessNumberSource(value: unknown): string {
	return JSON.stringify(value);
}

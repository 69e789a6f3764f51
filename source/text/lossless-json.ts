/** JSON parsing that keeps all digits of numbers. */

/** Not typed by TypeScript yet. @see https://tc39.es/proposal-json-parse-with-source/ */
const jsonWithSource = JSON as unknown as {
	parse(text: string, reviver: (key: string, value: unknown, context: {source?: string}) => unknown): unknown;
	rawJSON(source: string): object;
	isRawJSON(value: unknown): boolean;
};

/**
`JSON.stringify` returns every number as written: 64-bit ids, `1.0`, `1e5`.
@throws SyntaxError
*/
export function parseLosslessJson(text: string): unknown {
	return jsonWithSource.parse(text, (_, value, {source}) =>
		typeof value === 'number' && source !== undefined && String(value) !== source ? jsonWithSource.rawJSON(source) : value,
	);
}

export function isLosslessNumber(value: unknown): boolean {
	return typeof value === 'number' || jsonWithSource.isRawJSON(value);
}

export function losslessNumberSource(value: unknown): string {
	return JSON.stringify(value);
}

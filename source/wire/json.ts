/** Values as JSON carries them. */

export type JsonObject = Record<string, unknown>;

/** A client-node type on the wire: dates are texts (`Time`), and a field such as `_continue` has no underscore. */
export type Json<T, Time = string> = 0 extends T & 1
	? unknown
	: T extends Date
		? Time
		: T extends string | number | boolean | null | undefined
			? T
			: T extends ReadonlyArray<infer Member>
				? Array<Json<Member, Time>>
				: {[Key in keyof T as Key extends `_${infer Name}` ? Name : Key]: Json<T[Key], Time>};

export function isJsonObject(value: unknown): value is JsonObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Fields and words of a JSON Schema, as lines. */

export type Schema = {
	$ref?: string;
	type?: string | readonly string[];
	const?: unknown;
	enum?: readonly unknown[];
	required?: readonly string[];
	properties?: Readonly<Record<string, Schema>>;
	definitions?: Readonly<Record<string, Schema>>;
	items?: Schema;
	allOf?: readonly Schema[];
	anyOf?: readonly Schema[];
	if?: Schema;
	then?: Schema;
	else?: Schema;
};

/**
`START legs[].tls.state` for a field, with `?` if it can be absent, and its types; `START legs[].tls.state=plain` for a word.
What has a `$ref` names it, and the fields of a definition begin with its name: `START #leg.to`.
*/
export function schemaFacts(start: string, schema: Schema): string[] {
	return [
		...factsAt(`${start} `, schema),
		...Object.entries(schema.definitions ?? {}).flatMap(([name, definition]) => factsAt(`${start} #${name}`, definition)),
	];
}

function factsAt(path: string, schema: Schema): string[] {
	const words = [...(schema.enum ?? []), ...('const' in schema ? [schema.const] : [])];
	const fields = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
		const at = /[ .]$/.test(path) ? path + name : `${path}.${name}`;
		const absent = schema.required?.includes(name) ? '' : '?';
		return [`${at}${absent}${typesOf(field)}`, ...factsAt(at, field)];
	});
	return [
		...words.map(word => `${path}=${String(word)}`),
		...fields,
		...(schema.items ? factsAt(`${path}[]`, schema.items) : []),
		...[...(schema.allOf ?? []), ...(schema.anyOf ?? [])].flatMap(part => factsAt(path, part)),
		...conditional(path, schema),
	];
}

/** The fields of one event of several: `START {event=ready}listen`. */
function conditional(path: string, schema: Schema): string[] {
	const condition = Object.entries(schema.if?.properties ?? {}).map(
		([name, {const: one, enum: some = [one]}]) => `${name}=${some.join('|')}`,
	);
	const prefix = `${path}{${condition.join(',')}}`;
	return [
		...(schema.then ? factsAt(`${prefix}.`, schema.then) : []),
		...(schema.else ? factsAt(`${path}{not ${condition.join(',')}}.`, schema.else) : []),
	];
}

function typesOf(schema: Schema): string {
	const types = [schema, ...(schema.anyOf ?? [])].flatMap(({type = [], $ref}) => [type, $ref ?? []].flat());
	const items = schema.items ? ` of${typesOf(schema.items)}` : '';
	return types.length === 0 ? '' : ` ${[...new Set(types)].toSorted().join('|')}${items}`;
}

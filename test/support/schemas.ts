/** Validates output against the JSON schemas, which allow only the words, events and audit rows that they name. */
import {readdirSync, readFileSync} from 'node:fs';
import {Ajv, type ValidateFunction} from 'ajv';

type Schema = Readonly<Record<string, unknown>>;
const folder = new URL('../../schemas/', import.meta.url);

/** Schemas by name. */
export function readSchemas(): ReadonlyMap<string, Schema> {
	return new Map(
		readdirSync(folder)
			.filter(name => name.endsWith('.json'))
			.map(name => [name.replace('.json', ''), JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Schema]),
	);
}

let validators: ReadonlyMap<string, ValidateFunction> | undefined;

/** The violations of the schema; empty for a valid object. */
export function schemaFaults(object: object): string[] {
	const kind = 'kind' in object ? String(object.kind) : '';
	validators ??= compile([...readSchemas().values()].map(schema => closed(schema) as Schema));
	const validate = validators.get(kind);
	if (!validate) {
		return [`no schema for kind ${kind}`];
	}

	return validate(object) ? [] : (validate.errors ?? []).map(({instancePath, message}) => `${kind}${instancePath} ${message}`);
}

const beginning = '{"apiVersion":"spoke/v1"';

export function faultsOfLines(text: string): string[] {
	return !text.includes(beginning)
		? []
		: text
				.split('\n')
				.filter(line => line.startsWith(beginning))
				.flatMap(line => schemaFaults(JSON.parse(line) as object));
}

/** Kind → validator. */
export function compile(schemas: readonly Schema[]): ReadonlyMap<string, ValidateFunction> {
	const ajv = new Ajv({allowUnionTypes: true, strictTypes: false, strictRequired: false});
	ajv.addSchema([...schemas]);
	return new Map(schemas.map(schema => [kindOf(schema), ajv.getSchema(schema['$id'] as string)!] as const));
}

export function kindOf(schema: Schema): string {
	return (schema['properties'] as {kind: {const: string}}).kind.const;
}

/** `anyOf` of an enum and any string becomes the enum alone. */
function closed(schema: unknown): unknown {
	if (Array.isArray(schema)) {
		return schema.map(one => closed(one));
	}

	if (typeof schema !== 'object' || schema === null) {
		return schema;
	}

	const {anyOf, ...rest} = schema as {anyOf?: unknown[]};
	const words = anyOf?.find(one => (one as Schema)['enum'] !== undefined) as Schema | undefined;
	const isOpen = anyOf?.length === 2 && words !== undefined && anyOf.some(one => (one as Schema)['type'] === 'string');
	return isOpen ? {...rest, ...words} : Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
}

/** JSON responses of the apiserver. */
import {parseLosslessJson} from '../base/text/escaping.ts';
import {maxErrorBytes, maxObjectBytes, readFully} from './transport/response-body.ts';
import {type ImpersonatedIdentity, requestAttributes, errorFromResponse} from './error-from-response.ts';
import type {ApiResponse, RequestOptions} from './cluster-client.ts';
import {SpokeError} from '../base/errors/spoke-error.ts';
import {anyObject, listMetadata, objectShapes, table, watchEvent, type CheckedMetadata, type Shape} from './object-shapes.ts';

type JsonRequest = Pick<RequestOptions, 'method' | 'path'> & {maxBytes?: number; exact?: boolean};

type ResponseForm = 'object' | 'table';

type Version = Pick<CheckedMetadata, 'resourceVersion'>;

export type WatchEventLine = {
	type: string;
	/** A table has only rows, an error only code and message. */
	object: {
		metadata?: Version;
		rows?: ReadonlyArray<{object?: {metadata: Version} | null}>;
		code?: number;
		message?: string;
	};
};

/** @throws SpokeError by `errorFromResponse`; ERR_PROTOCOL for a body that is not a Kubernetes object */
export async function readJsonResponse(
	response: ApiResponse,
	{method = 'GET', path, maxBytes = maxObjectBytes, exact = false}: JsonRequest,
	{peerName, identity}: {peerName: string; identity: ImpersonatedIdentity},
): Promise<object> {
	if (response.status < 200 || response.status > 299) {
		const body = (await readFully(response.body, maxErrorBytes, peerName)).toString('utf8');
		throw errorFromResponse({...response, body}, {...requestAttributes(method, path), identity});
	}

	const text = (await readFully(response.body, maxBytes, peerName)).toString('utf8');
	const object = parseObject(text, {method, path}, `the response of ${peerName}`);
	// Validation removes null fields, which exact output must show.
	return exact ? (parseLosslessJson(text) as object) : object;
}

/** @throws SpokeError ERR_PROTOCOL for invalid JSON or another shape */
export function parseObject(
	text: string,
	{method = 'GET', path, form}: Pick<RequestOptions, 'method' | 'path'> & {form?: ResponseForm},
	description: string,
): object {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch (error) {
		throw notKubernetesError(`${description} is not JSON: ${(error as Error).message.split('\n', 1)[0]!}`, error);
	}

	return validateObject(value, path, {description, method, form});
}

/**
Omits null fields, as Go does.
@throws SpokeError ERR_PROTOCOL that names the first field that differs from Kubernetes
*/
function validateObject(
	value: unknown,
	path: string,
	{description, method = 'GET', form}: {description: string; method?: string; form?: ResponseForm | undefined},
): object {
	const {resource, verb} = requestAttributes(method, path);
	const own: Shape =
		(objectShapes as Readonly<Record<string, Shape>>)[resource] ??
		(path.startsWith('/api') && !resource.includes('/') ? anyObject : {fields: {}});
	const isOne = form === 'object' || (form === undefined && verb !== 'list');
	const mismatch = isOne ? findMismatch(value, own, '') : findListMismatch(value, form === 'table' ? 'table' : 'list', own);
	if (mismatch !== undefined) {
		throw notKubernetesError(`${description} is not a Kubernetes response: ${mismatch}`);
	}

	return value as object;
}

/** A bookmark's object has only its version. @throws SpokeError as `validateObject` */
export function validateWatchEvent(value: unknown, path: string, form: ResponseForm): WatchEventLine {
	const description = `a line in the watch of ${path}`;
	const mismatch = findMismatch(value, watchEvent, '');
	if (mismatch !== undefined) {
		throw notKubernetesError(`${description} is not a Kubernetes response: ${mismatch}`);
	}

	const line = value as WatchEventLine;
	if (line.type === 'ADDED' || line.type === 'MODIFIED' || line.type === 'DELETED') {
		validateObject(line.object, path, {description, form});
	}

	return line;
}

export function notKubernetesError(message: string, cause?: unknown): SpokeError {
	return new SpokeError('ERR_PROTOCOL', message, {
		remedy: 'check that the server URL is that of a Kubernetes apiserver, not of a login page or a gateway',
		cause,
	});
}

/** Go writes an empty list too. */
function findListMismatch(value: unknown, form: 'list' | 'table', member: Shape): string | undefined {
	if (form === 'table') {
		return findMismatch(value, table, '') ?? ('rows' in (value as object) ? undefined : 'it has no rows');
	}

	const mismatch = findMismatch(value, {fields: {kind: 'text', metadata: listMetadata, items: {list: member}}}, '');
	const {kind} = (mismatch === undefined ? value : {}) as {kind?: string};
	if (mismatch !== undefined) {
		return mismatch;
	}

	if (kind !== undefined && !kind.endsWith('List')) {
		return wrongKind(kind, 'list', '');
	}

	return 'items' in (value as object) ? undefined : 'it has no items';
}

function findMismatch(value: unknown, shape: Shape, fieldPath: string): string | undefined {
	if (typeof shape === 'string') {
		return isScalar(value, shape) ? undefined : wrongType(shape, value, fieldPath);
	}

	if ('list' in shape) {
		return Array.isArray(value)
			? findFirstMismatch(value, (one, index) => findMismatch(one, shape.list, `${fieldPath}[${index}]`))
			: wrongType('a list', value, fieldPath);
	}

	if (typeof value !== 'object' || value === null || Array.isArray(value)) {
		return wrongType('an object', value, fieldPath);
	}

	// Keys are untrusted and of any length.
	return 'each' in shape
		? findFirstMismatch(Object.values(value), one => findMismatch(one, shape.each, `a value of ${fieldPath}`))
		: findFieldMismatch(value as Record<string, unknown>, shape, fieldPath);
}

function findFieldMismatch(
	value: Record<string, unknown>,
	{kind, fields, needed = []}: Extract<Shape, {fields: unknown}>,
	fieldPath: string,
): string | undefined {
	if (kind !== undefined && typeof value['kind'] === 'string' && value['kind'] !== kind) {
		return wrongKind(value['kind'], kind, fieldPath);
	}

	const missing = needed.find(name => value[name] === undefined || value[name] === null);
	if (missing !== undefined) {
		return `${fieldPath === '' ? 'it' : fieldPath} has no ${missing}`;
	}

	for (const name in fields) {
		if (value[name] === null) {
			value[name] = undefined;
		} else if (value[name] !== undefined) {
			const mismatch = findMismatch(value[name], fields[name]!, fieldPath === '' ? name : `${fieldPath}.${name}`);
			if (mismatch !== undefined) {
				return mismatch;
			}
		}
	}

	return undefined;
}

function findFirstMismatch(members: readonly unknown[], mismatch: (one: unknown, index: number) => string | undefined): string | undefined {
	for (const [index, one] of members.entries()) {
		const found = mismatch(one, index);
		if (found !== undefined) {
			return found;
		}
	}

	return undefined;
}

function isScalar(value: unknown, expected: Extract<Shape, string>): boolean {
	switch (expected) {
		case 'anything': {
			return true;
		}

		case 'text or a number': {
			return typeof value === 'string' || typeof value === 'number';
		}

		default: {
			return typeName(value) === expected;
		}
	}
}

function wrongType(expected: string, value: unknown, fieldPath: string): string {
	return `${fieldPath === '' ? 'it' : fieldPath} is ${typeName(value)}, not ${expected}`;
}

function wrongKind(kind: string, expected: string, fieldPath: string): string {
	return `${fieldPath === '' ? 'it' : fieldPath} is ${/^\w{1,63}$/.test(kind) ? `a ${kind}` : 'of another kind'}, not a ${expected}`;
}

function typeName(value: unknown): string {
	const names: Readonly<Record<string, string>> = {string: 'text', number: 'a number', boolean: 'true or false', object: 'an object'};
	return value === null ? 'null' : Array.isArray(value) ? 'a list' : names[typeof value]!;
}

/** A login portal returns a page with status 200 for every request; an apiserver never sends HTML here. */
export function webPageError(expected: string, body: string): SpokeError {
	const title = /<title[^>]*>([^<]*)/i.exec(body)?.[1] ?? '';
	const excerpt = (title.trim() === '' ? body.replaceAll(/<(?:style|script)\b[\s\S]*?<\/(?:style|script)>|<[^>]*>/gi, ' ') : title)
		.trim()
		.replaceAll(/\s+/g, ' ')
		.slice(0, 200);
	const error = notKubernetesError(`received a web page instead of ${expected}${excerpt === '' ? '' : `: ${excerpt}`}`);
	return excerpt === '' ? error : error.withChanges({text: excerpt});
}

export function isWebPage({'content-type': type}: {'content-type'?: string | undefined}): boolean {
	return ['text/html', 'application/xhtml+xml'].includes((type ?? '').split(';', 1)[0]!.trim().toLowerCase());
}

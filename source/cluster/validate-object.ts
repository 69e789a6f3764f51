/** Validation of response bodies against the shapes of Kubernetes objects, once, where they arrive. */
import {SpokeError} from '../errors/spoke-error.ts';
import {anyObject, listMetadata, objectShapes, table, watchEvent, type Shape} from './object-shapes.ts';
import {requestAttributes} from './request-attributes.ts';

export type ResponseForm = 'object' | 'table';

/**
The value itself, in which fields that are read and are `null` are left out, as Go reads them.
`path` is what was asked for, an object or a list where no form is given, and `what` the answer, for the message.
@throws SpokeError ERR_PROTOCOL that names the first field which is something else than in Kubernetes
*/
export function validateObject(
	value: unknown,
	path: string,
	{description, method = 'GET', form}: {description: string; method?: string; form?: ResponseForm | undefined},
): object {
	const {resource, verb} = requestAttributes(method, path);
	const own = objectShapes[resource] ?? (path.startsWith('/api') && !resource.includes('/') ? anyObject : {fields: {}});
	const isOne = form === 'object' || (form === undefined && verb !== 'list');
	const mismatch = isOne ? findMismatch(value, own, '') : findListMismatch(value, form === 'table' ? 'table' : 'list', own);
	if (mismatch !== undefined) {
		throw notKubernetesError(`${description} is no answer of Kubernetes: ${mismatch}`);
	}

	return value as object;
}

export type WatchEventLine = {
	type: string;
	/** Of a table only its rows are there, and of an error code and message. */
	object: {
		metadata?: {resourceVersion?: string};
		rows?: ReadonlyArray<{object?: {metadata: {resourceVersion?: string}} | null}>;
		code?: number;
		message?: string;
	};
};

/** One line of a watch. A bookmark's object is none but for its version. @throws SpokeError as `validateObject` */
export function validateWatchEvent(value: unknown, path: string, form: ResponseForm): WatchEventLine {
	const description = `a line in the watch of ${path}`;
	const mismatch = findMismatch(value, watchEvent, '');
	if (mismatch !== undefined) {
		throw notKubernetesError(`${description} is no answer of Kubernetes: ${mismatch}`);
	}

	const line = value as WatchEventLine;
	if (line.type === 'ADDED' || line.type === 'MODIFIED' || line.type === 'DELETED') {
		validateObject(line.object, path, {description, form});
	}

	return line;
}

/** An answer that no apiserver gives. */
export function notKubernetesError(message: string, cause?: unknown): SpokeError {
	return new SpokeError('ERR_PROTOCOL', message, {
		remedy: 'check that the server URL leads to a Kubernetes apiserver, and not to a login page or a gateway in its place',
		cause,
	});
}

/**
A web page, as a login portal gives it for every request, with status 200: an apiserver never sends HTML for what it is asked here.
`body` is the beginning of the page; only its title, or its first words, are kept.
*/
export function webPageError(expected: string, body: string): SpokeError {
	const title = /<title[^>]*>([^<]*)/i.exec(body)?.[1] ?? '';
	const excerpt = (title.trim() === '' ? body.replaceAll(/<(?:style|script)\b[\s\S]*?<\/(?:style|script)>|<[^>]*>/gi, ' ') : title)
		.trim()
		.replaceAll(/\s+/g, ' ')
		.slice(0, 200);
	const error = notKubernetesError(`a web page came instead of ${expected}${excerpt === '' ? '' : `: ${excerpt}`}`);
	return excerpt === '' ? error : error.withChanges({text: excerpt});
}

export function isWebPage({'content-type': type}: {'content-type'?: string | undefined}): boolean {
	return /^\s*(?:text\/html|application\/xhtml\+xml)\s*(?:;|$)/i.test(type ?? '');
}

/** Go writes the members also where there are none: a list without them is none. */
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

	// Keys are anybody's, and any length: they are not told.
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

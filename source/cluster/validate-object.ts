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
	{what, method = 'GET', form}: {what: string; method?: string; form?: ResponseForm | undefined},
): object {
	const {resource, verb} = requestAttributes(method, path);
	const own = objectShapes[resource] ?? (path.startsWith('/api') && !resource.includes('/') ? anyObject : {fields: {}});
	const isOne = form === 'object' || (form === undefined && verb !== 'list');
	const fault = isOne ? faultIn(value, own, '') : faultInList(value, form === 'table' ? 'table' : 'list', own);
	if (fault !== undefined) {
		throw notKubernetesError(`${what} is no answer of Kubernetes: ${fault}`);
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
	const what = `a line in the watch of ${path}`;
	const fault = faultIn(value, watchEvent, '');
	if (fault !== undefined) {
		throw notKubernetesError(`${what} is no answer of Kubernetes: ${fault}`);
	}

	const line = value as WatchEventLine;
	if (line.type === 'ADDED' || line.type === 'MODIFIED' || line.type === 'DELETED') {
		validateObject(line.object, path, {what, form});
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
export function pageInsteadOf(wanted: string, body: string): SpokeError {
	const title = /<title[^>]*>([^<]*)/i.exec(body)?.[1] ?? '';
	const words = (title.trim() === '' ? body.replaceAll(/<(?:style|script)\b[\s\S]*?<\/(?:style|script)>|<[^>]*>/gi, ' ') : title)
		.trim()
		.replaceAll(/\s+/g, ' ')
		.slice(0, 200);
	const error = notKubernetesError(`a web page came instead of ${wanted}${words === '' ? '' : `: ${words}`}`);
	return words === '' ? error : error.withChanges({text: words});
}

export function isWebPage({'content-type': type}: {'content-type'?: string | undefined}): boolean {
	return /^\s*(?:text\/html|application\/xhtml\+xml)\s*(?:;|$)/i.test(type ?? '');
}

/** Go writes the members also where there are none: a list without them is none. */
function faultInList(value: unknown, form: 'list' | 'table', member: Shape): string | undefined {
	if (form === 'table') {
		return faultIn(value, table, '') ?? ('rows' in (value as object) ? undefined : 'it has no rows');
	}

	const fault = faultIn(value, {fields: {kind: 'text', metadata: listMetadata, items: {list: member}}}, '');
	const {kind} = (fault === undefined ? value : {}) as {kind?: string};
	if (fault !== undefined) {
		return fault;
	}

	if (kind !== undefined && !kind.endsWith('List')) {
		return otherKind(kind, 'list', '');
	}

	return 'items' in (value as object) ? undefined : 'it has no items';
}

function faultIn(value: unknown, shape: Shape, at: string): string | undefined {
	if (typeof shape === 'string') {
		return isPlain(value, shape) ? undefined : otherThan(shape, value, at);
	}

	if ('list' in shape) {
		return Array.isArray(value)
			? firstFault(value, (one, index) => faultIn(one, shape.list, `${at}[${index}]`))
			: otherThan('a list', value, at);
	}

	if (typeof value !== 'object' || value === null || Array.isArray(value)) {
		return otherThan('an object', value, at);
	}

	// Keys are anybody's, and any length: they are not told.
	return 'each' in shape
		? firstFault(Object.values(value), one => faultIn(one, shape.each, `a value of ${at}`))
		: faultInFields(value as Record<string, unknown>, shape, at);
}

function faultInFields(
	value: Record<string, unknown>,
	{kind, fields, needed = []}: Extract<Shape, {fields: unknown}>,
	at: string,
): string | undefined {
	if (kind !== undefined && typeof value['kind'] === 'string' && value['kind'] !== kind) {
		return otherKind(value['kind'], kind, at);
	}

	const missing = needed.find(name => value[name] === undefined || value[name] === null);
	if (missing !== undefined) {
		return `${at === '' ? 'it' : at} has no ${missing}`;
	}

	for (const name in fields) {
		if (value[name] === null) {
			value[name] = undefined;
		} else if (value[name] !== undefined) {
			const fault = faultIn(value[name], fields[name]!, at === '' ? name : `${at}.${name}`);
			if (fault !== undefined) {
				return fault;
			}
		}
	}

	return undefined;
}

function firstFault(members: readonly unknown[], fault: (one: unknown, index: number) => string | undefined): string | undefined {
	for (const [index, one] of members.entries()) {
		const found = fault(one, index);
		if (found !== undefined) {
			return found;
		}
	}

	return undefined;
}

function isPlain(value: unknown, wanted: Extract<Shape, string>): boolean {
	switch (wanted) {
		case 'anything': {
			return true;
		}

		case 'text or a number': {
			return typeof value === 'string' || typeof value === 'number';
		}

		default: {
			return naming(value) === wanted;
		}
	}
}

function otherThan(wanted: string, value: unknown, at: string): string {
	return `${at === '' ? 'it' : at} is ${naming(value)}, not ${wanted}`;
}

function otherKind(kind: string, wanted: string, at: string): string {
	return `${at === '' ? 'it' : at} is ${/^\w{1,63}$/.test(kind) ? `a ${kind}` : 'of another kind'}, not a ${wanted}`;
}

function naming(value: unknown): string {
	const names: Readonly<Record<string, string>> = {string: 'text', number: 'a number', boolean: 'true or false', object: 'an object'};
	return value === null ? 'null' : Array.isArray(value) ? 'a list' : names[typeof value]!;
}

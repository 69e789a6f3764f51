/** Status objects with the messages of apimachinery/pkg/api/errors. */
import type {V1Status, V1StatusDetails} from '@kubernetes/client-node';
import type {Json} from '../../wire/json.ts';
import type {RequestInfo} from './request-info.ts';

export class ApiFailure extends Error {
	readonly code: number;
	readonly status: Json<V1Status>;
	readonly headers: Readonly<Record<string, string>>;

	constructor(
		code: number,
		reason: string | undefined,
		message: string,
		{details, headers = {}}: {details?: Json<V1StatusDetails>; headers?: Record<string, string>} = {},
	) {
		super(message);
		this.code = code;
		this.headers = headers;
		this.status = {
			kind: 'Status',
			apiVersion: 'v1',
			metadata: {},
			status: 'Failure',
			message,
			...(reason !== undefined && {reason}),
			...(details !== undefined && {details}),
			code,
		};
	}
}

export function notFound(resource: string, group: string, name: string): ApiFailure {
	return new ApiFailure(404, 'NotFound', `${qualified(resource, group)} "${name}" not found`, {
		details: {name, ...(group !== '' && {group}), kind: resource},
	});
}

export function noSuchResource(): ApiFailure {
	return new ApiFailure(404, 'NotFound', 'the server could not find the requested resource', {details: {}});
}

export function badRequest(message: string): ApiFailure {
	return new ApiFailure(400, 'BadRequest', message);
}

export function unauthorized(): ApiFailure {
	return new ApiFailure(401, 'Unauthorized', 'Unauthorized');
}

/** A failure of leg 2; its Status has no reason. */
export function internalFailure(message: string): ApiFailure {
	return new ApiFailure(500, undefined, message);
}

/** @see apiserver/pkg/endpoints/handlers/responsewriters/errors.go */
export function forbidden(user: string, info: RequestInfo): ApiFailure {
	if (!info.isResource) {
		return new ApiFailure(403, 'Forbidden', `forbidden: User "${user}" cannot ${info.verb} path "${info.path}"`, {details: {}});
	}

	const {resource, subresource, group, name, namespace, verb} = info;
	const resourceName = subresource === '' ? resource : `${resource}/${subresource}`;
	const scope = namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
	const named = name === undefined ? '' : ` "${name}"`;
	return new ApiFailure(
		403,
		'Forbidden',
		`${qualified(resource, group)}${named} is forbidden: User "${user}" cannot ${verb} resource "${resourceName}" in API group "${group}" ${scope}`,
		{
			details: {...(name !== undefined && {name}), ...(group !== '' && {group}), kind: resource},
		},
	);
}

function qualified(resource: string, group: string): string {
	return group === '' ? resource : `${resource}.${group}`;
}

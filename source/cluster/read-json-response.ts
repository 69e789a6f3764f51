/** JSON responses of the apiserver. */
import {parseLosslessJson} from '../text/lossless-json.ts';
import {maxErrorBytes, maxObjectBytes} from './body-limits.ts';
import {type ImpersonatedIdentity, requestAttributes} from './request-attributes.ts';
import type {ApiResponse, RequestOptions} from './connection.ts';
import {validateObject, notKubernetesError, type ResponseForm} from './validate-object.ts';
import {errorFromResponse} from './error-from-response.ts';
import {readFully} from './transport/response-body.ts';

type JsonRequest = Pick<RequestOptions, 'method' | 'path'> & {maxBytes?: number; exact?: boolean};

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

/** SelfSubjectAccessReview, SelfSubjectRulesReview and SelfSubjectReview. */
import {apiTime, type Json} from '../objects/kube-object.ts';
import {isAllowed, rulesIn} from './authorize.ts';
import {readBody, sendJson, type Exchange} from './exchange.ts';
import {decodeReview} from './protobuf.ts';
import {badRequest, noSuchResource} from './status.ts';

/** @throws ApiFailure 400 for an invalid body */
export async function review(exchange: Exchange): Promise<void> {
	const body = await readBody(exchange.request, decodeReview);
	if (!body) {
		throw badRequest('the object provided is unrecognized (must be of type JSON)');
	}

	sendJson(exchange, {...body, metadata: {creationTimestamp: apiTime()}, status: reviewStatus(exchange, body)}, {status: 201});
}

function reviewStatus(exchange: Exchange, body: Json): Json {
	const {
		identity,
		info: {resource},
	} = exchange;
	switch (resource) {
		case 'selfsubjectreviews': {
			const {name, groups, credentialId} = identity;
			return {
				userInfo: {
					username: name,
					groups,
					...(credentialId !== undefined && {extra: {'authentication.kubernetes.io/credential-id': [credentialId]}}),
				},
			};
		}

		case 'selfsubjectrulesreviews': {
			return rulesIn(identity, String(body['spec']?.namespace ?? 'default'));
		}

		case 'selfsubjectaccessreviews': {
			return {allowed: isReviewAllowed(exchange, body)};
		}

		default: {
			throw noSuchResource();
		}
	}
}

function isReviewAllowed({identity}: Exchange, {spec}: Json): boolean {
	const {resourceAttributes: attributes, nonResourceAttributes: path} = spec as {resourceAttributes?: Json; nonResourceAttributes?: Json};
	if (path) {
		return isAllowed(identity, {
			isResource: false,
			verb: path['verb'],
			path: path['path'],
			group: '',
			resource: '',
			subresource: '',
			namespace: undefined,
		});
	}

	return isAllowed(identity, {
		isResource: true,
		verb: attributes?.['verb'] ?? '*',
		path: '',
		group: attributes?.['group'] ?? '',
		resource: attributes?.['resource'] ?? '*',
		subresource: attributes?.['subresource'] ?? '',
		namespace: attributes?.['namespace'] || undefined,
	});
}

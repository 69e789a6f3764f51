/** SelfSubjectAccessReview, SelfSubjectRulesReview and SelfSubjectReview: may I, what may I, who am I? */
import {apiTime, type Json} from '../objects/kube-object.ts';
import {isAllowed, rulesIn} from './authorise.ts';
import {readBody, sendJson, type Exchange} from './exchange.ts';
import {decodeReview} from './protobuf.ts';
import {badRequest, noSuchResource} from './status.ts';

export async function review(exchange: Exchange): Promise<void> {
	const {identity, info: {resource}} = exchange;
	const body = await readBody(exchange.request, decodeReview);
	if (!body) {
		throw badRequest('the object provided is unrecognized (must be of type JSON)');
	}

	const status = resource === 'selfsubjectreviews'
		? {userInfo: {
			username: identity.name, groups: identity.groups, ...(identity.credentialId !== undefined && {extra: {'authentication.kubernetes.io/credential-id': [identity.credentialId]}}),
		}}
		: (resource === 'selfsubjectrulesreviews' ? rulesIn(identity, String(body['spec']?.namespace ?? 'default')) : (resource === 'selfsubjectaccessreviews' ? {allowed: mayI(exchange, body)} : undefined));
	if (!status) {
		throw noSuchResource();
	}

	sendJson(exchange, {...body, metadata: {creationTimestamp: apiTime()}, status}, {status: 201});
}

function mayI({identity}: Exchange, {spec}: Json): boolean {
	const {resourceAttributes: asked, nonResourceAttributes: path} = spec as {resourceAttributes?: Json; nonResourceAttributes?: Json};
	if (path) {
		return isAllowed(identity, {isResource: false, verb: path['verb'], path: path['path'], group: '', resource: '', subresource: '', namespace: undefined});
	}

	return isAllowed(identity, {
		isResource: true, verb: asked?.['verb'] ?? '*', path: '', group: asked?.['group'] ?? '', resource: asked?.['resource'] ?? '*', subresource: asked?.['subresource'] ?? '', namespace: asked?.['namespace'] || undefined,
	});
}

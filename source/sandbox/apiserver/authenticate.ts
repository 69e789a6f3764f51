/** Authentication by client certificate or bearer token, and impersonation. */
import {createHash} from 'node:crypto';
import type {IncomingMessage} from 'node:http';
import type {TLSSocket} from 'node:tls';
import {certificateIdentity} from '../certificates/certificate-identity.ts';
import {isAllowed} from './authorize.ts';
import {ApiFailure, unauthorized} from './status.ts';
import {anonymous, identify, type UserInfo} from './users.ts';

/** @throws ApiFailure 401 for unknown credentials, 403 for impersonation without permission */
export function authenticate(
	request: IncomingMessage,
	tokens: ReadonlyMap<string, string>,
	groupsOf: (name: string) => readonly string[],
): UserInfo {
	const identity = identityFromCertificate(request.socket as TLSSocket) ?? identityFromToken(request, tokens, groupsOf) ?? anonymous;
	const as = request.headers['impersonate-user'];
	if (typeof as !== 'string') {
		return identity;
	}

	if (
		!isAllowed(identity, {
			isResource: true,
			verb: 'impersonate',
			path: '',
			group: '',
			resource: 'users',
			subresource: '',
			namespace: undefined,
		})
	) {
		throw new ApiFailure(
			403,
			'Forbidden',
			`users "${as}" is forbidden: User "${identity.name}" cannot impersonate resource "users" in API group "" at the cluster scope`,
			{details: {name: as, kind: 'users'}},
		);
	}

	const groups = request.headers['impersonate-group'];
	return identify(as, groups === undefined ? groupsOf(as) : [groups].flat().flatMap(group => group.split(',').map(name => name.trim())));
}

function identityFromCertificate(socket: TLSSocket): UserInfo | undefined {
	const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
	if (!certificate) {
		return undefined;
	}

	const {user, groups} = certificateIdentity(certificate);
	return {...identify(user, groups), credentialId: `X509SHA256=${createHash('sha256').update(certificate.raw).digest('hex')}`};
}

function identityFromToken(
	{headers: {authorization}}: IncomingMessage,
	tokens: ReadonlyMap<string, string>,
	groupsOf: (name: string) => readonly string[],
): UserInfo | undefined {
	if (authorization === undefined) {
		return undefined;
	}

	const name = tokens.get(/^bearer (.+)$/i.exec(authorization)?.[1] ?? '');
	if (name === undefined) {
		throw unauthorized();
	}

	return identify(name, groupsOf(name));
}

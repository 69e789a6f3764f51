/** Request headers from kubeconfig values. */
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {percentEncode} from '../../base/text/escaping.ts';
import type {UserEntry} from '../kubeconfig/kubeconfig-shape.ts';
import type {SocketFacts} from '../cluster-client.ts';
import type {ClientCertificate} from '../tls/trust.ts';

export type RequestHeaders = Readonly<Record<string, string | readonly string[]>>;

export type ClientIdentity = {
	authorization: string | null;
	/** The same object until it changes. */
	certificate: ClientCertificate | null;
};

export type Credentials = {
	kind: SocketFacts['clientAuth'];
	/** Rereads files and runs plugins when due. @throws SpokeError ERR_CREDENTIAL_PLUGIN… */
	current(signal?: AbortSignal): Promise<ClientIdentity>;
	/** After a 401 for `identity`. Resolves to true if a retry has other credentials. */
	renewAfter401(identity: ClientIdentity, signal?: AbortSignal): Promise<boolean>;
};

export const anonymousCredentials: Credentials = fixedCredentials('none', {authorization: null, certificate: null});

/**
@see client-go transport/round_trippers.go (impersonatingRoundTripper)
@throws SpokeError ERR_KUBECONFIG_INVALID for a value that is invalid in a header
*/
export function impersonationHeaders(
	user: Pick<UserEntry, 'impersonate' | 'impersonateUid' | 'impersonateGroups' | 'impersonateUserExtra'>,
): RequestHeaders {
	if (user.impersonate === '') {
		return {};
	}

	const headers: Record<string, string | readonly string[]> = {
		'Impersonate-User': headerValue('Impersonate-User', user.impersonate),
		...(user.impersonateUid !== '' && {'Impersonate-Uid': headerValue('Impersonate-Uid', user.impersonateUid)}),
		...(user.impersonateGroups.length > 0 && {
			'Impersonate-Group': user.impersonateGroups.map(group => headerValue('Impersonate-Group', group)),
		}),
	};
	for (const [key, values] of user.impersonateUserExtra) {
		if (values.length > 0) {
			headers[`Impersonate-Extra-${escapeKey(key)}`] = values.map(value => headerValue('Impersonate-Extra', value));
		}
	}

	return headers;
}

/** Percent-encodes `%` and the bytes that are invalid in a header name. */
function escapeKey(key: string): string {
	return percentEncode(key, /[!#$&'*+\-.^\w`|~]/);
}

/**
Requests are written as Latin-1; this yields Go's UTF-8 bytes.
@throws SpokeError ERR_KUBECONFIG_INVALID for a control character or line break; the message does not contain `value`
*/
export function headerValue(name: string, value: string): string {
	if (/[^\t\u0020-\u007E\u0080-\u{10FFFF}]/u.test(value)) {
		throw new SpokeError(
			'ERR_KUBECONFIG_INVALID',
			`invalid header field value for "${name}": it contains a control character or a line break`,
			{
				remedy: 'check this user in the kubeconfig',
			},
		);
	}

	return Buffer.from(value, 'utf8').toString('latin1');
}

export function fixedCredentials(kind: Credentials['kind'], identity: ClientIdentity): Credentials {
	return {kind, current: async () => identity, renewAfter401: async () => false};
}

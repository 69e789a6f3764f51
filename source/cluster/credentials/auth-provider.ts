/** The deprecated `auth-provider` of a kubeconfig. */
import {SpokeError} from '../../errors/spoke-error.ts';
import type {AuthProviderEntry} from '../kubeconfig/kubeconfig-shape.ts';
import {fixedCredentials, type Credentials} from './credentials.ts';
import {headerValue} from './request-headers.ts';

const removed: ReadonlyMap<string, string> = new Map([
	['gcp', 'The gcp auth plugin has been removed. Please use the "gke-gcloud-auth-plugin" kubectl/client-go credential plugin instead.'],
	[
		'azure',
		'The azure auth plugin has been removed. Please use the https://github.com/Azure/kubelogin kubectl/client-go credential plugin instead.',
	],
]);

/**
Sends an `oidc` id-token while valid, without refreshing it; removed providers get client-go's messages.
@throws SpokeError ERR_KUBECONFIG_INVALID, ERR_CREDENTIALS
*/
export function authProvider({name, config}: AuthProviderEntry, now = Date.now()): Credentials {
	const removalMessage = removed.get(name);
	if (removalMessage !== undefined) {
		throw new SpokeError('ERR_KUBECONFIG_INVALID', removalMessage, {
			remedy: 'in the kubeconfig, replace the auth-provider of this user by an exec credential plugin',
		});
	}

	if (name !== 'oidc') {
		throw new SpokeError('ERR_KUBECONFIG_INVALID', `no Auth Provider found for name "${name}"`);
	}

	const token = config.get('id-token') ?? '';
	if (token === '' || expiryOf(token) <= now) {
		throw new SpokeError(
			'ERR_CREDENTIALS',
			`the oidc id-token ${token === '' ? 'is missing' : 'has expired'}, and spoke does not refresh it`,
			{
				// Before any connection.
				leg: 0,
				remedy: 'run any kubectl command once: it refreshes the token in the kubeconfig',
			},
		);
	}

	return fixedCredentials('token', {authorization: headerValue('Authorization', `Bearer ${token}`), certificate: null});
}

/** Milliseconds; 0 if unreadable. The apiserver verifies the token. */
function expiryOf(token: string): number {
	try {
		const {exp} = JSON.parse(Buffer.from(token.split('.', 2)[1] ?? '', 'base64url').toString('utf8')) as {exp?: unknown};
		return typeof exp === 'number' ? exp * 1000 : 0;
	} catch {
		return 0;
	}
}

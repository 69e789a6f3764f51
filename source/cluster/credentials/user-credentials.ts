/** Credentials of a kubeconfig user. */
import {readFile} from 'node:fs/promises';
import {SpokeError} from '../../errors/spoke-error.ts';
import {fileErrorText} from '../kubeconfig/read-file-bounded.ts';
import type {ClusterEntry, UserEntry, AuthProviderEntry} from '../kubeconfig/kubeconfig-shape.ts';
import type {ClientCertificate} from '../tls/client-certificate.ts';
import {basicAuthorization} from '../transport/connect-through-proxy.ts';
import type {ServerAddress} from '../transport/server-url.ts';
import {anonymousCredentials, type Credentials, fixedCredentials} from './credentials.ts';
import {execPlugin} from './exec-plugin.ts';
import {headerValue} from './request-headers.ts';
import type {PluginTerminal} from './run-plugin.ts';

export type CredentialContext = {
	cluster: ClusterEntry;
	server: ServerAddress;
	environment: NodeJS.ProcessEnv;
	terminal?: PluginTerminal | undefined;
};

const removed: ReadonlyMap<string, string> = new Map([
	['gcp', 'The gcp auth plugin has been removed. Please use the "gke-gcloud-auth-plugin" kubectl/client-go credential plugin instead.'],
	[
		'azure',
		'The azure auth plugin has been removed. Please use the https://github.com/Azure/kubelogin kubectl/client-go credential plugin instead.',
	],
]);

/**
A plugin runs only without token, basic login and client certificate. Over http:// nothing is sent, as in kubectl.
@see client-go transport/round_trippers.go, plugin/pkg/client/auth/exec/exec.go
@throws SpokeError ERR_KUBECONFIG_INVALID, ERR_CLIENT_CERTIFICATE
*/
export async function userCredentials(user: UserEntry, context: CredentialContext): Promise<Credentials> {
	const own = await configuredCredentials(user, context);
	const {login} = context.server;
	// As in Go, credentials in the URL override all others, also over http://.
	return login === null
		? own
		: {
				...own,
				kind: own.kind === 'certificate' || own.kind === 'exec' ? own.kind : 'basic',
				current: async signal => ({...(await own.current(signal)), authorization: basicAuthorization(login)}),
			};
}

async function configuredCredentials(user: UserEntry, context: CredentialContext): Promise<Credentials> {
	if (context.server.scheme === 'http') {
		return anonymousCredentials;
	}

	const hasToken = user.token !== '' || user.tokenFile !== '';
	const hasBasic = user.username !== '' || user.password !== '';
	if (hasToken && hasBasic) {
		throw new SpokeError('ERR_KUBECONFIG_INVALID', 'username/password or bearer token may be set, but not both');
	}

	const hasCertificate = user.clientCertificate !== '' || user.clientCertificateData.length > 0;
	if (!hasToken && !hasBasic && !hasCertificate) {
		return pluginCredentials(user, context);
	}

	const token = hasToken ? tokenSource(user.token, user.tokenFile) : null;
	const certificate = hasCertificate ? certificateSource(user) : null;
	if (!token && !certificate) {
		return fixedCredentials('basic', {authorization: basicAuthorization(user), certificate: null});
	}

	const current = async () => ({
		authorization: token ? headerValue('Authorization', `Bearer ${await token()}`) : hasBasic ? basicAuthorization(user) : null,
		certificate: certificate && (await certificate()),
	});
	await current();
	return {kind: certificate ? 'certificate' : 'token', current, renewAfter401: async () => false};
}

async function pluginCredentials(user: UserEntry, context: CredentialContext): Promise<Credentials> {
	if (user.exec) {
		return execPlugin(user.exec, context);
	}

	if (user.authProvider) {
		return authProvider(user.authProvider);
	}

	return anonymousCredentials;
}

/**
client-go rereads after a minute less 10 s (transport/token_source.go), and not for a 401: bearerAuthRoundTripper
(transport/round_trippers.go) never resets its source.
*/
const tokenRereadMs = 50_000;

/**
If the file becomes unreadable, the last good token is used.
@throws SpokeError ERR_KUBECONFIG_INVALID if no token was ever read
*/
export function tokenSource(token: string, file: string, now: () => number = Date.now): () => Promise<string> {
	let last = token;
	let readAt = -Infinity;
	return async () => {
		if (file === '' || now() - readAt < tokenRereadMs) {
			return last;
		}

		try {
			const newToken = (await readFile(file, 'utf8')).trim();
			if (newToken === '') {
				throw new Error(`read empty token from file "${file}"`);
			}

			last = newToken;
			readAt = now();
		} catch (error) {
			if (last === '') {
				throw new SpokeError('ERR_KUBECONFIG_INVALID', `the token file cannot be used: ${fileErrorText(error as NodeJS.ErrnoException)}`, {
					remedy: 'check tokenFile of this user',
					cause: error,
				});
			}
		}

		return last;
	};
}

type CertificateSource = Pick<UserEntry, 'clientCertificate' | 'clientCertificateData' | 'clientKey' | 'clientKeyData'>;

/** client-go rereads at most once a second. */
const certificateRereadMs = 1000;

/**
Returns the same object until the pair changes. A mismatch of key and certificate shows on first use.
@throws SpokeError ERR_CLIENT_CERTIFICATE
*/
export function certificateSource(pair: CertificateSource, now: () => number = Date.now): () => Promise<ClientCertificate> {
	let last: ClientCertificate | null = null;
	let readAt = -Infinity;
	return async () => {
		if (last && (now() - readAt < certificateRereadMs || (pair.clientCertificateData.length > 0 && pair.clientKeyData.length > 0))) {
			return last;
		}

		const [certificate, key] = await Promise.all([
			dataOrFile(pair.clientCertificateData, pair.clientCertificate),
			dataOrFile(pair.clientKeyData, pair.clientKey),
		]);
		readAt = now();
		if (!last?.certificate.equals(certificate) || !last.key.equals(key)) {
			last = {certificate, key};
		}

		return last;
	};
}

async function dataOrFile(data: Buffer, path: string): Promise<Buffer> {
	if (data.length > 0) {
		return data;
	}

	try {
		return await readFile(path);
	} catch (error) {
		throw new SpokeError(
			'ERR_CLIENT_CERTIFICATE',
			`the client certificate cannot be read: ${fileErrorText(Object.assign(error as NodeJS.ErrnoException, {path}))}`,
			{cause: error},
		);
	}
}

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

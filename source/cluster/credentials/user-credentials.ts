/** From a kubeconfig's user to credentials: which of the ways to log in counts. */
import {SpokeError} from '../../errors/spoke-error.ts';
import type {ClusterEntry, UserEntry} from '../kubeconfig/kubeconfig-shape.ts';
import type {ServerAddress} from '../transport/server-url.ts';
import {basicAuthorization} from '../transport/connect-through-proxy.ts';
import {tokenSource} from './bearer-token.ts';
import {certificateSource} from './client-certificate.ts';
import {anonymousCredentials, fixedCredentials, type Credentials} from './credentials.ts';
import type {PluginTerminal} from './plugin-terminal.ts';
import {headerValue} from './header-value.ts';

/** Without a `terminal` a plugin has the process's own. */
export type CredentialContext = {
	cluster: ClusterEntry;
	server: ServerAddress;
	environment: NodeJS.ProcessEnv;
	terminal?: PluginTerminal | undefined;
};

/**
A token or basic login and a client certificate may go together; a plugin runs only when there is none of them.
Over http:// nothing is ever sent, as with kubectl.
@see client-go transport/round_trippers.go, plugin/pkg/client/auth/exec/exec.go
@throws SpokeError ERR_KUBECONFIG_INVALID, ERR_CLIENT_CERTIFICATE
*/
export async function userCredentials(user: UserEntry, context: CredentialContext): Promise<Credentials> {
	const own = await ownCredentials(user, context);
	const {login} = context.server;
	// Go's HTTP client puts what stands in the URL over everything, and sends it over http:// as well.
	return login === null
		? own
		: {
				...own,
				kind: own.kind === 'certificate' || own.kind === 'exec' ? own.kind : 'basic',
				current: async signal => ({...(await own.current(signal)), authorization: basicAuthorization(login)}),
			};
}

async function ownCredentials(user: UserEntry, context: CredentialContext): Promise<Credentials> {
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
		return withoutLogin(user, context);
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
	return {kind: certificate ? 'certificate' : 'token', current, rejected: async () => false};
}

async function withoutLogin(user: UserEntry, context: CredentialContext): Promise<Credentials> {
	if (user.exec) {
		const {execPlugin} = await import('./exec-plugin.ts');
		return execPlugin(user.exec, context);
	}

	if (user.authProvider) {
		const {authProvider} = await import('./auth-provider.ts');
		return authProvider(user.authProvider);
	}

	return anonymousCredentials;
}

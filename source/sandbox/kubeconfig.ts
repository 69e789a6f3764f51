/** Kubeconfig of a sandbox, with all its users. */
import {users, type UserName} from './apiserver/users.ts';
import type {KeyPair} from './certificates/issuer.ts';
import type {SandboxKubeconfig} from './sandbox.ts';

/** The name of the cluster extension that marks a sandbox. */
const sandboxExtension = 'spoke.dev/sandbox';

export type Credentials = ReadonlyMap<UserName, {pair: KeyPair} | {token: string}>;

export function buildKubeconfig(server: string, authority: string, credentials: Credentials, current: UserName): SandboxKubeconfig {
	const cluster = 'spoke-sandbox';
	const contextOf = (name: string) => (name === 'admin' ? 'sandbox' : `sandbox-${name}`);
	return {
		apiVersion: 'v1',
		kind: 'Config',
		'current-context': contextOf(current),
		clusters: [
			{
				name: cluster,
				cluster: {
					server,
					'certificate-authority-data': base64(authority),
					extensions: [{name: sandboxExtension, extension: {sandbox: true}}],
				},
			},
		],
		contexts: users.map(({name, namespace}) => ({name: contextOf(name), context: {cluster, user: name, namespace}})),
		users: users.map(({name}) => {
			const credential = credentials.get(name)!;
			return {
				name,
				user:
					'token' in credential
						? {token: credential.token}
						: {'client-certificate-data': base64(credential.pair.certificate), 'client-key-data': base64(credential.pair.key)},
			};
		}),
	};
}

function base64(text: string): string {
	return Buffer.from(text).toString('base64');
}

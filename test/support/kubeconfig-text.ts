/** The kubeconfig of one cluster and one user. */

/** `ca` is PEM. `cluster` is merged into the kubeconfig's cluster. */
export function kubeconfigText({server, ca, user, namespace, cluster}: KubeconfigParts): string {
	return JSON.stringify({
		apiVersion: 'v1',
		kind: 'Config',
		'current-context': 'main',
		contexts: [{name: 'main', context: {cluster: 'here', user: 'ada', ...(namespace !== undefined && {namespace})}}],
		clusters: [
			{
				name: 'here',
				cluster: {server, ...(ca !== undefined && {'certificate-authority-data': Buffer.from(ca).toString('base64')}), ...cluster},
			},
		],
		users: [{name: 'ada', user}],
	});
}

/** For `cluster`: lets the loopback address of a test server identify it. */
export const sandboxMark = {extensions: [{name: 'spoke.dev/sandbox', extension: {}}]};

type KubeconfigParts = {
	server: string;
	ca?: string;
	/** The kubeconfig's user. */
	user: object;
	namespace?: string;
	cluster?: Record<string, unknown>;
};

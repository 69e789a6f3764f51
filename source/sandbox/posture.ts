/** How the control plane reaches nodes: what an apiserver process is started with, and never changes while it lives. */

export type Verification = 'off' | 'good' | 'bad';
export type PostureRoute = 'direct' | 'konnectivity' | 'http-connect' | 'ssh';

export type Posture = {
	/** Of kubelets' serving certificates: not checked; checked and right; checked and not acceptable. */
	verification: Verification;
	/** How connections to nodes, pods and services go. */
	route: PostureRoute;
};

/** The Kubernetes version that such a control plane has: SSH tunnels were removed in 1.22. */
export function kubernetesVersion({route}: Posture): string {
	return route === 'ssh' ? 'v1.21.14' : 'v1.36.3';
}

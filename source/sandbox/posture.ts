/** Posture, constant for one apiserver process. */

export type Verification = 'off' | 'good' | 'bad';
export type PostureRoute = 'direct' | 'konnectivity' | 'http-connect' | 'ssh';

export type Posture = {
	/** Of the kubelets' serving certificates: not verified, valid, or rejected. */
	verification: Verification;
	route: PostureRoute;
};

/** SSH tunnels were removed in 1.22. */
export function kubernetesVersion({route}: Posture): string {
	return route === 'ssh' ? 'v1.21.14' : 'v1.36.3';
}

/** The switches of a sandbox. */

export type SwitchValues = {
	verification: Verification;
	route: PostureRoute;
	agents: 'running' | 'gone' | 'frozen';
	certificate: 'matching' | 'expired' | 'pending';
	/** In each direction, in milliseconds. */
	latency: number;
	stall: 'off' | 'on';
	/** Seconds in Retry-After of a 429; 0 is off. */
	retryAfter: number;
	identity: 'accepted' | 'refused';
};

export type SwitchName = keyof SwitchValues;

export type SwitchSpec = {
	name: SwitchName;
	title: string;
	/** The first one is the default. `label` is shown instead of a number. */
	values: ReadonlyArray<{value: string | number; label?: string; description: string}>;
	/** As a change of flags does. */
	restarts: boolean;
};

export const switches: readonly SwitchSpec[] = [
	{
		name: 'verification',
		title: 'kubelet certificate check',
		restarts: true,
		values: [
			{value: 'off', description: 'not verified: the default of Kubernetes'},
			{value: 'good', description: 'verified against the cluster’s CA'},
			{value: 'bad', description: 'verified, and rejects the kubelets’ certificates'},
		],
	},
	{
		name: 'route',
		title: 'route to the nodes',
		restarts: true,
		values: [
			{value: 'direct', description: 'plain TCP from the control plane'},
			{value: 'konnectivity', description: 'through Konnectivity: agents connect to a server, which sends them dial requests'},
			{value: 'http-connect', description: 'through an HTTP CONNECT egress proxy with the same agents'},
			{value: 'ssh', description: 'through SSH tunnels, as before Kubernetes 1.22 (history)'},
		],
	},
	{
		name: 'agents',
		title: 'tunnel agents',
		restarts: false,
		values: [
			{value: 'running', description: 'connected'},
			{value: 'gone', description: 'stopped: no route to the nodes'},
			{value: 'frozen', description: 'connected, but not responding'},
		],
	},
	{
		name: 'certificate',
		title: 'kubelet serving certificates',
		restarts: false,
		values: [
			{value: 'matching', description: 'valid for the selected verification'},
			{value: 'expired', description: 'expired yesterday'},
			{value: 'pending', description: 'none yet: the signing request is pending'},
		],
	},
	{
		name: 'identity',
		title: 'apiserver’s access to kubelets',
		restarts: false,
		values: [
			{value: 'accepted', description: 'normal'},
			{value: 'refused', description: 'kubelets return 403 to the apiserver'},
		],
	},
	{
		name: 'latency',
		title: 'latency to the apiserver',
		restarts: false,
		values: [
			{value: 0, label: 'none', description: 'no added latency'},
			{value: 50, label: '50 ms', description: '50 ms each way'},
			{value: 250, label: '250 ms', description: '250 ms each way'},
		],
	},
	{
		name: 'stall',
		title: 'stall',
		restarts: false,
		values: [
			{value: 'off', description: 'bytes flow'},
			{value: 'on', description: 'no bytes pass, and connections stay open'},
		],
	},
	{
		name: 'retryAfter',
		title: 'too many requests',
		restarts: false,
		values: [
			{value: 0, label: 'off', description: 'every request is accepted'},
			{value: 2, label: 'on', description: '429 with Retry-After: 2'},
		],
	},
];

type Verification = 'off' | 'good' | 'bad';
export type PostureRoute = 'direct' | 'konnectivity' | 'http-connect' | 'ssh';

/** Constant for one apiserver process. */
export type Posture = {
	/** Whether the apiserver verifies kubelet certificates, and whether they are valid. */
	verification: Verification;
	route: PostureRoute;
};

/** SSH tunnels were removed in 1.22. */
export function kubernetesVersion({route}: Posture): string {
	return route === 'ssh' ? 'v1.21.14' : 'v1.36.3';
}

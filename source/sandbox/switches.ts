/** What can be switched in a sandbox: the sandbox screen, `demo` and tests are made from these rows. */
import type {PostureRoute, Verification} from './posture.ts';

export type SwitchValues = {
	verification: Verification;
	route: PostureRoute;
	agents: 'running' | 'gone' | 'frozen';
	certificate: 'fitting' | 'expired' | 'pending';
	/** Milliseconds each way between client and apiserver. */
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
	/** In the order in which a person steps through them; the first one is the start. `word` is shown for a value that is no word. */
	values: ReadonlyArray<{value: string | number; word?: string; description: string}>;
	/** The apiserver starts anew, as it would to take other flags. */
	restarts: boolean;
};

export const switches: readonly SwitchSpec[] = [
	{
		name: 'verification',
		title: 'kubelet certificate check',
		restarts: true,
		values: [
			{value: 'off', description: 'not verified: Kubernetes’ default'},
			{value: 'good', description: 'verified against the cluster’s CA'},
			{value: 'bad', description: 'verified, and the kubelets’ certificates do not fit'},
		],
	},
	{
		name: 'route',
		title: 'route to the nodes',
		restarts: true,
		values: [
			{value: 'direct', description: 'plain TCP from the control plane'},
			{value: 'konnectivity', description: 'through Konnectivity’s shape: agents dial out, a server asks them to dial'},
			{value: 'http-connect', description: 'through an HTTP CONNECT egress proxy in front of the same agents'},
			{value: 'ssh', description: 'through SSH tunnels, as before Kubernetes 1.22 (history)'},
		],
	},
	{
		name: 'agents',
		title: 'tunnel agents',
		restarts: false,
		values: [
			{value: 'running', description: 'connected'},
			{value: 'gone', description: 'stopped: nothing to dial through'},
			{value: 'frozen', description: 'connected and silent'},
		],
	},
	{
		name: 'certificate',
		title: 'kubelet serving certificates',
		restarts: false,
		values: [
			{value: 'fitting', description: 'as the check needs them'},
			{value: 'expired', description: 'expired yesterday'},
			{value: 'pending', description: 'none yet: the signing request waits for approval'},
		],
	},
	{
		name: 'identity',
		title: 'apiserver’s rights at kubelets',
		restarts: false,
		values: [
			{value: 'accepted', description: 'as it should be'},
			{value: 'refused', description: 'kubelets answer 403 to the apiserver'},
		],
	},
	{
		name: 'latency',
		title: 'latency to the apiserver',
		restarts: false,
		values: [
			{value: 0, word: 'none', description: 'nothing is held up'},
			{value: 50, word: '50 ms', description: '50 ms each way'},
			{value: 250, word: '250 ms', description: '250 ms each way'},
		],
	},
	{
		name: 'stall',
		title: 'stall',
		restarts: false,
		values: [
			{value: 'off', description: 'bytes flow'},
			{value: 'on', description: 'nothing is carried, nothing is said'},
		],
	},
	{
		name: 'retryAfter',
		title: 'too many requests',
		restarts: false,
		values: [
			{value: 0, word: 'off', description: 'every request is let in'},
			{value: 2, word: 'on', description: '429 with Retry-After: 2'},
		],
	},
];

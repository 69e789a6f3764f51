/** What can be switched in a sandbox: the sandbox screen, `demo` and tests are made from these rows. */
import type {Route, Verification} from './posture.ts';

export type SwitchValues = {
	verification: Verification;
	route: Route;
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

export type SwitchRow = {
	name: SwitchName;
	title: string;
	/** In the order in which a person steps through them; the first one is the start. `word` is shown for a value that is no word. */
	values: ReadonlyArray<{value: string | number; word?: string; says: string}>;
	/** The apiserver starts anew, as it would to take other flags. */
	restarts: boolean;
};

export const switchRows: readonly SwitchRow[] = [
	{name: 'verification', title: 'kubelet certificate check', restarts: true, values: [
		{value: 'off', says: 'not verified: Kubernetes’ default'},
		{value: 'good', says: 'verified against the cluster’s CA'},
		{value: 'bad', says: 'verified, and the kubelets’ certificates do not fit'},
	]},
	{name: 'route', title: 'route to the nodes', restarts: true, values: [
		{value: 'direct', says: 'plain TCP from the control plane'},
		{value: 'konnectivity', says: 'through Konnectivity’s shape: agents dial out, a server asks them to dial'},
		{value: 'http-connect', says: 'through an HTTP CONNECT egress proxy in front of the same agents'},
		{value: 'ssh', says: 'through SSH tunnels, as before Kubernetes 1.22 (history)'},
	]},
	{name: 'agents', title: 'tunnel agents', restarts: false, values: [
		{value: 'running', says: 'connected'},
		{value: 'gone', says: 'stopped: nothing to dial through'},
		{value: 'frozen', says: 'connected and silent'},
	]},
	{name: 'certificate', title: 'kubelet serving certificates', restarts: false, values: [
		{value: 'fitting', says: 'as the check needs them'},
		{value: 'expired', says: 'expired yesterday'},
		{value: 'pending', says: 'none yet: the signing request waits for approval'},
	]},
	{name: 'identity', title: 'apiserver’s rights at kubelets', restarts: false, values: [
		{value: 'accepted', says: 'as it should be'},
		{value: 'refused', says: 'kubelets answer 403 to the apiserver'},
	]},
	{name: 'latency', title: 'latency to the apiserver', restarts: false, values: [
		{value: 0, word: 'none', says: 'nothing is held up'}, {value: 50, word: '50 ms', says: '50 ms each way'}, {value: 250, word: '250 ms', says: '250 ms each way'},
	]},
	{name: 'stall', title: 'stall', restarts: false, values: [{value: 'off', says: 'bytes flow'}, {value: 'on', says: 'nothing is carried, nothing is said'}]},
	{name: 'retryAfter', title: 'too many requests', restarts: false, values: [{value: 0, word: 'off', says: 'every request is let in'}, {value: 2, word: 'on', says: '429 with Retry-After: 2'}]},
];

/** Interface of a running sandbox, and its switches. */
import type {UserName} from './apiserver/users.ts';
import type {ScenarioName} from './scenarios.ts';

export type {UserName} from './apiserver/users.ts';

export type SandboxOptions = {
	scenario?: ScenarioName;
	/** 0, the default, selects a free port. */
	port?: number;
};

export type SandboxEvent = {time: string; description: string};

export type Sandbox = {
	/** `https://127.0.0.1:PORT`. */
	readonly server: string;
	/** Has a context for each user; that of `user` is current. The cluster has the extension `spoke.dev/sandbox`. */
	kubeconfig(user?: UserName): SandboxKubeconfig;
	readonly switches: {
		get(): SwitchValues;
		/** A change of `verification` or `route` restarts the apiserver and ends every connection. */
		set(change: Partial<SwitchValues>): Promise<void>;
	};
	readonly faults: {
		/** Resets all connections to the apiserver. */
		cut(): void;
		/** Resets all connections of the apiserver to kubelets. */
		cutSecondLeg(): void;
		/** Starts the apiserver again after `downMs`, but not before `until` settles. */
		restartApiserver(down?: {downMs?: number; until?: Promise<unknown>}): Promise<void>;
		rotateLogs(pod?: ObjectName): void;
		/** Deletes the pod; its controller creates another one. */
		replacePod(pod: ObjectName): void;
		/** Stops containers; the restart policy decides whether they start again. */
		restartContainers(pod: ObjectName): void;
		rollOut(deployment: ObjectName): void;
		/** Compacts the history, so that a watch from an older revision gets 410. */
		compact(): void;
	};
	/** Calls `listener` for each changed switch and each fault. Returns a function that unsubscribes. */
	onEvent(listener: (event: SandboxEvent) => void): () => void;
	close(): Promise<void>;
};

/** `namespace` defaults to `default`. */
export type ObjectName = {namespace?: string; name: string};

export type SandboxKubeconfig = {
	apiVersion: 'v1';
	kind: 'Config';
	'current-context': string;
	clusters: Array<{
		name: string;
		cluster: {server: string; 'certificate-authority-data': string; extensions: Array<{name: string; extension: {sandbox: true}}>};
	}>;
	contexts: Array<{name: string; context: {cluster: string; user: string; namespace: string}}>;
	users: Array<{name: string; user: Record<string, string>}>;
};

export type SwitchValues = {
	/** Whether the apiserver verifies kubelet certificates, and whether they are valid. */
	verification: 'off' | 'good' | 'bad';
	route: 'direct' | 'konnectivity' | 'http-connect' | 'ssh';
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
};

export const switches: readonly SwitchSpec[] = [
	switchOf('verification', 'kubelet certificate check', {
		off: 'not verified: the default of Kubernetes',
		good: 'verified against the cluster’s CA',
		bad: 'verified, and rejects the kubelets’ certificates',
	}),
	switchOf('route', 'route to the nodes', {
		direct: 'plain TCP from the control plane',
		konnectivity: 'through Konnectivity: agents connect to a server, which sends them dial requests',
		'http-connect': 'through an HTTP CONNECT egress proxy with the same agents',
		ssh: 'through SSH tunnels, as before Kubernetes 1.22 (history)',
	}),
	switchOf('agents', 'tunnel agents', {
		running: 'connected',
		gone: 'stopped: no route to the nodes',
		frozen: 'connected, but not responding',
	}),
	switchOf('certificate', 'kubelet serving certificates', {
		matching: 'valid for the selected verification',
		expired: 'expired yesterday',
		pending: 'none yet: the signing request is pending',
	}),
	switchOf('identity', 'apiserver’s access to kubelets', {
		accepted: 'normal',
		refused: 'kubelets return 403 to the apiserver',
	}),
	{
		name: 'latency',
		title: 'latency to the apiserver',
		values: [
			{value: 0, label: 'none', description: 'no added latency'},
			{value: 50, label: '50 ms', description: '50 ms each way'},
			{value: 250, label: '250 ms', description: '250 ms each way'},
		],
	},
	switchOf('stall', 'stall', {off: 'bytes flow', on: 'no bytes pass, and connections stay open'}),
	{
		name: 'retryAfter',
		title: 'too many requests',
		values: [
			{value: 0, label: 'off', description: 'every request is accepted'},
			{value: 2, label: 'on', description: '429 with Retry-After: 2'},
		],
	},
];

/** `values`: descriptions. */
function switchOf(name: SwitchName, title: string, values: Readonly<Record<string, string>>): SwitchSpec {
	return {name, title, values: Object.entries(values).map(([value, description]) => ({value, description}))};
}

/** Constant for one apiserver process. */
export type Posture = Pick<SwitchValues, 'verification' | 'route'>;

/** SSH tunnels were removed in 1.22. */
export function kubernetesVersion({route}: Posture): string {
	return route === 'ssh' ? 'v1.21.14' : 'v1.36.3';
}

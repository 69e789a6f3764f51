/** What a running sandbox gives: a way in, switches for postures and faults, and news of what happens in it. */
import type {UserName} from './apiserver/users.ts';
import type {ScenarioName} from './scenarios/scenarios.ts';
import type {SwitchValues} from './switches.ts';

export type {UserName} from './apiserver/users.ts';
export type {SwitchValues} from './switches.ts';

export type SandboxOptions = {
	/** Default `default`. */
	scenario?: ScenarioName;
	/** Of the apiserver; 0, the default, is a free one. */
	port?: number;
	/** Closes the sandbox when it is aborted. */
	signal?: AbortSignal;
};

export type SandboxEvent = {time: string; what: string};

export type Sandbox = {
	/** `https://127.0.0.1:PORT`. */
	readonly server: string;
	/** A kubeconfig with all users as contexts; `user` is the current one. Its cluster carries the extension `spoke.dev/sandbox`. */
	kubeconfig(user?: UserName): SandboxKubeconfig;
	readonly switches: {
		get(): SwitchValues;
		/** A change of `verification` or `route` restarts the apiserver: every connection ends, and an open one never changes its truth. */
		set(change: Partial<SwitchValues>): Promise<void>;
	};
	/** What happens once when it is called. */
	readonly faults: {
		/** Resets all connections between clients and the apiserver. */
		cut(): void;
		/** Resets all connections to kubelets. */
		cutSecondLeg(): void;
		/** A new process at the same address, after `downMs`, and not before `until` settles. */
		restartApiserver(down?: {downMs?: number; until?: Promise<unknown>}): Promise<void>;
		/** Rotates the logs of all containers, or of one pod's. */
		rotateLogs(pod?: PodName): void;
		/** Deletes a pod; its controller makes another one. */
		replacePod(pod: PodName): void;
		/** Ends a pod's containers; their restart policy starts them again. */
		restartContainers(pod: PodName, container?: string): void;
		/** Gives a deployment new pods, one after the other. */
		rollOut(deployment: PodName): void;
		/** Forgets the watch history: a watch from an older revision gets 410. */
		compact(): void;
	};
	/** Calls `listener` for each switch and fault; returns what ends that. */
	onEvent(listener: (event: SandboxEvent) => void): () => void;
	close(): Promise<void>;
};

/** Namespace `default` when it is left out. */
export type PodName = {namespace?: string; name: string};

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

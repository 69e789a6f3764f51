/** Interface of a running sandbox. */
import type {UserName} from './apiserver/users.ts';
import type {ScenarioName} from './scenarios/scenarios.ts';
import type {SwitchValues} from './switches.ts';

export type {UserName} from './apiserver/users.ts';
export type {SwitchValues} from './switches.ts';

export type SandboxOptions = {
	/** Default `default`. */
	scenario?: ScenarioName;
	/** Of the apiserver; 0, the default, uses a free one. */
	port?: number;
	signal?: AbortSignal;
};

export type SandboxEvent = {time: string; description: string};

export type Sandbox = {
	/** `https://127.0.0.1:PORT`. */
	readonly server: string;
	/** A kubeconfig with all users as contexts; `user` is the current one. Its cluster carries the extension `spoke.dev/sandbox`. */
	kubeconfig(user?: UserName): SandboxKubeconfig;
	readonly switches: {
		get(): SwitchValues;
		/** A change of `verification` or `route` restarts the apiserver and ends every connection. */
		set(change: Partial<SwitchValues>): Promise<void>;
	};
	readonly faults: {
		/** Resets all connections between clients and the apiserver. */
		cut(): void;
		/** Resets all connections to kubelets. */
		cutSecondLeg(): void;
		/** Starts a new process at the same address after `downMs`, but not before `until` settles. */
		restartApiserver(down?: {downMs?: number; until?: Promise<unknown>}): Promise<void>;
		/** Rotates the logs of all containers, or of one pod. */
		rotateLogs(pod?: PodName): void;
		/** Deletes a pod; its controller creates another one. */
		replacePod(pod: PodName): void;
		/** Stops the containers of a pod; the restart policy decides what follows. */
		restartContainers(pod: PodName, container?: string): void;
		/** Restarts a deployment pod by pod. */
		rollOut(deployment: PodName): void;
		/** Drops the watch history: a watch from an older revision gets 410. */
		compact(): void;
	};
	/** Calls `listener` for each switch and fault; returns a function that unsubscribes. */
	onEvent(listener: (event: SandboxEvent) => void): () => void;
	close(): Promise<void>;
};

/** The namespace defaults to `default`. */
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

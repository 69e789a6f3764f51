/** Interface of a running sandbox. */
import type {UserName} from './apiserver/users.ts';
import type {ScenarioName} from './scenarios/scenarios.ts';
import type {SwitchValues} from './switches.ts';

export type {UserName} from './apiserver/users.ts';
export type {SwitchValues} from './switches.ts';

export type SandboxOptions = {
	scenario?: ScenarioName;
	/** 0, the default, selects a free port. */
	port?: number;
	signal?: AbortSignal;
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
		restartContainers(pod: ObjectName, container?: string): void;
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

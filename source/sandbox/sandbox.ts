/** Interface of a running sandbox. */
import type {UserName} from './apiserver/users.ts';
import type {ScenarioName} from './scenarios/scenarios.ts';
import type {SwitchValues} from './switches.ts';

export type {UserName} from './apiserver/users.ts';
export type {SwitchValues} from './switches.ts';

export type SandboxOptions = {
	scenario?: ScenarioName;
	/** 0, the default, uses a free one. */
	port?: number;
	signal?: AbortSignal;
};

export type SandboxEvent = {time: string; description: string};

export type Sandbox = {
	/** `https://127.0.0.1:PORT`. */
	readonly server: string;
	/** All users are contexts, `user` the current one. The cluster has the extension `spoke.dev/sandbox`. */
	kubeconfig(user?: UserName): SandboxKubeconfig;
	readonly switches: {
		get(): SwitchValues;
		/** A change of `verification` or `route` restarts the apiserver and ends every connection. */
		set(change: Partial<SwitchValues>): Promise<void>;
	};
	readonly faults: {
		cut(): void;
		cutSecondLeg(): void;
		/** After `downMs`, but not before `until` settles. */
		restartApiserver(down?: {downMs?: number; until?: Promise<unknown>}): Promise<void>;
		rotateLogs(pod?: PodName): void;
		/** Its controller creates another one. */
		replacePod(pod: PodName): void;
		/** The restart policy decides what follows. */
		restartContainers(pod: PodName, container?: string): void;
		rollOut(deployment: PodName): void;
		/** A watch from an older revision gets 410. */
		compact(): void;
	};
	/** For each switch and fault. Returns a function that unsubscribes. */
	onEvent(listener: (event: SandboxEvent) => void): () => void;
	close(): Promise<void>;
};

/** The default namespace is `default`. */
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

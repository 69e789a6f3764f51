/** What runs in which order: the groups of the core, each with what it leaves running for the next, and the slices beside them. */

export type Group = {
	readonly name: string;
	/** In this folder, without `.cluster.ts`. */
	readonly files: readonly string[];
	/** Postures and nodes that stay when the group has ended; the base with n1 always stays. */
	readonly keeps: readonly string[];
};

/** By what their files start, from little to much. */
export const groups: readonly Group[] = [
	{name: 'base', files: ['port-forward-endings', 'sandbox-vs-real', 'debug', 'logs', 'logs-faults'], keeps: ['restarted', 'n2']},
	{name: 'direct', files: ['contexts', 'mcp', 'node-logs', 'labels'], keeps: ['restarted', 'good-direct', 'bad-direct', 'n2', 'n4']},
	{
		name: 'tunnel',
		files: ['cp', 'exec', 'port-forward', 'session', 'failures', 'sources', 'tunnel-outage', 'without-agents'],
		keeps: ['good-direct', 'bad-direct', 'off-grpc', 'off-http'],
	},
	{name: 'grid', files: ['matrix'], keeps: []},
	{name: 'egress', files: ['egress', 'replicas', 'supervisor', 'adversaries'], keeps: []},
];

export type Slice = {readonly files: readonly string[]; readonly environment: Readonly<Record<string, string>>};

/** Each runs in a lab of its own, in turn, and all of them in a full run. */
export const slices = {
	'all-1.34': {files: ['labels', 'matrix'], environment: {SPOKE_LAB_KUBERNETES: '1.34.4'}},
	'all-translated': {files: ['labels', 'matrix'], environment: {SPOKE_LAB_TRANSLATED: '1'}},
	'fixture-kubeconfigs-debug': {files: ['fixture', 'kubeconfigs', 'debug-as-kubectl'], environment: {}},
	'gateways-twin': {files: ['gateways', 'server-identity', 'liars'], environment: {}},
} satisfies Readonly<Record<string, Slice>>;

export const pathOf = (file: string): string => `test/real-cluster/${file}.cluster.ts`;

/** Spec of `spoke mcp`, and its tools. */
import {acceptedReadOnlyFlag, helpFlag, multiContextFlags} from '../../base/command-line/connection-flags.ts';
import type {FlagSpec} from '../../base/command-line/flag-spec.ts';
import {targetResources} from '../../cluster/targets/resource-names.ts';
import type {CommandSpec} from '../command.ts';
import {doctorSpec} from '../doctor/spec.ts';
import {logsSpec} from '../logs/spec.ts';
import {pathSpec} from '../path/spec.ts';
import {requireFlags} from '../stream-flags.ts';

const namespacesFlag = {
	name: 'namespace',
	short: 'n',
	kind: 'strings',
	value: 'NAMESPACE,…',
	completes: 'namespace',
	help: 'the only namespaces that calls can name; defaults to that of each context',
} as const satisfies FlagSpec;

/** Of the data of one result, before it is repeated as structured content. */
export const minResultBytes = 4096;
export const maxResultBytes = 16 * 1024 * 1024;

const flags = [
	{name: 'allow-forward', kind: 'boolean', help: 'also serve the tools forward and stop_forward, which open ports on loopback'},
	{
		name: 'max-bytes',
		kind: 'integer',
		default: 64 * 1024,
		value: 'BYTES',
		help: 'maximum size of the data of one result; the result says what is missing',
	},
	{
		name: 'max-time',
		kind: 'duration',
		positive: true,
		default: 60_000,
		value: 'DURATION',
		help: 'maximum duration of one call; the result says what is missing',
	},
	...requireFlags,
	acceptedReadOnlyFlag,
	helpFlag,
	...multiContextFlags.filter((row): row is Exclude<typeof row, {name: 'namespace'}> => row.name !== 'namespace'),
	namespacesFlag,
] as const;

export const mcpSpec = {
	name: 'mcp',
	summary: 'serve read-only tools to an MCP client: list, logs, path, doctor, audit',
	usage: ['mcp [flags]'],
	about:
		'Speaks the Model Context Protocol on stdin and stdout, for a client that starts it; it ends when the client closes stdin. Each tool is the one-shot command of its name with -o json, and each result has the path of its connections.\nThe contexts and namespaces of the start are the only ones: a call that names another is refused. No tool changes anything in the cluster, and probes are passive. With --allow-forward, the tool forward opens a port on loopback, which ends with spoke mcp.\nText of the cluster (logs, names, messages) is marked as data in each result. --require and your policy hold for the streams of logs and forward.\nSee docs/mcp.md for the tools, the limits and how to configure a client.',
	examples: [
		['spoke mcp', 'the current context and its namespace'],
		['spoke mcp --context prod-eu,prod-us -n shop', 'one namespace of two clusters'],
		['spoke mcp --require verified', 'reads logs only over verified connections'],
		['spoke mcp --allow-forward', 'also forwards, on loopback'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;

export const listedResources = [...targetResources, {plural: 'events', api: '/api/v1', namespaced: true}] as const;
const kinds = listedResources.map(({plural}) => plural);

export const maxRows = 500;

export const listParameters = [
	{name: 'kind', kind: 'string', default: 'pods', oneOf: kinds, help: `kind of the objects: ${kinds.join(', ')}; defaults to pods`},
	{name: 'selector', kind: 'string', help: 'only objects with these labels'},
	{name: 'limit', kind: 'integer', default: 100, help: `maximum number of objects, up to ${maxRows}; defaults to 100`},
] as const satisfies readonly FlagSpec[];

/** A command with fixed flags, except `list`, which no command does, and `stop_forward`. */
export type McpTool = {
	name: string;
	/** For the model that chooses a tool. */
	about: string;
	/** The command and its fixed flags, which precede those of a call. */
	argv: readonly string[];
	/** A pod, or KIND/NAME. */
	target: 'none' | 'optional' | 'required';
	/** Arguments beside target, context and namespace, with the names and values of flags. */
	parameters: readonly FlagSpec[];
	/** Names of parameters that a call must have. */
	required?: readonly string[];
	/** What a call names beside the target; each has a default if only one is served. */
	place: 'namespace' | 'context' | 'none';
	/** `--require` of the start holds for its streams. */
	opensStreams?: true;
	/** Opens or closes ports of this machine. No tool changes anything in a cluster. */
	isForward?: true;
};

/** Not a flag of the command, which is then ended. */
export const followForFlag = {
	name: 'follow-for',
	kind: 'duration',
	positive: true,
	help: 'also follow new lines for this long; for a workload, from all its pods',
} as const satisfies FlagSpec;

/** An argument of the command after the target. */
export const portFlag = {
	name: 'port',
	kind: 'string',
	help: 'port number or name in the pod or service; :REMOTE picks a free local port, LOCAL:REMOTE sets it',
} as const satisfies FlagSpec;

export const localPortFlag = {name: 'local-port', kind: 'integer', help: 'local port of the forward'} as const satisfies FlagSpec;

/** Enough to see what happened last. A call can ask for more. */
const defaultTail = 100;

const logParameters = ['selector', 'container', 'all-containers', 'all-pods', 'previous', 'tail', 'since', 'since-time', 'level'];

/** With `--allow-forward`, all of them; otherwise those without `isForward`. */
export const mcpTools: readonly McpTool[] = [
	{
		name: 'list',
		about: `Lists pods, workloads, services, events or nodes, with the columns of kubectl get -o wide, up to ${maxRows}. The result is a ResourceList object, and a ResourceRow object per row.`,
		argv: [],
		target: 'none',
		parameters: listParameters,
		place: 'namespace',
	},
	{
		name: 'logs',
		about: `Prints the last lines of the logs of a pod, workload or service (target), or of the pods with labels (selector). Without tail, the last ${defaultTail} lines of each log. Each line is a LogLine object.`,
		argv: ['logs', '--output=json', '--path=json', `--tail=${defaultTail}`],
		target: 'optional',
		parameters: [...flagsNamed(logsSpec.flags, [...logParameters, 'include', 'exclude', 'field']), followForFlag],
		place: 'namespace',
		opensStreams: true,
	},
	{
		name: 'path',
		about:
			'Shows the TLS state and the route of each leg to a pod, workload, node or service, for each feature, with basis, evidence, missing permissions and remedies. Opens no connection to the target. Each feature is a Path object.',
		argv: ['path', '--output=json', '--probe=passive'],
		target: 'required',
		parameters: flagsNamed(pathSpec.flags, ['feature']),
		place: 'namespace',
	},
	{
		name: 'doctor',
		about:
			'Checks the steps to a target: kubeconfig, apiserver (leg 1), your permissions, the object, and the state of its container (leg 3). Opens no stream, so it does not test whether the kubelet responds (leg 2): for that, read a log. The result is a Doctor object.',
		argv: ['doctor', '--output=json', '--probe=passive'],
		target: 'required',
		parameters: flagsNamed(doctorSpec.flags, ['container']),
		place: 'namespace',
	},
	{
		name: 'audit',
		about:
			'Checks every path between the nodes and the control plane of a cluster: whether it is verified, unverified or plain, by which route, and how that is known. Passive. The result is an Audit object.',
		argv: ['audit', '--output=json', '--probe=passive'],
		target: 'none',
		parameters: [],
		place: 'context',
	},
	{
		name: 'forward',
		about:
			'Opens a local port on loopback (127.0.0.1 and ::1) that leads to a port of a pod, service or workload. It stays open until stop_forward or the end of spoke mcp. The results are PortForwardEvent objects: ready has the local addresses.',
		argv: ['port-forward', '--output=json', '--address=localhost'],
		target: 'required',
		parameters: [portFlag],
		required: ['port'],
		place: 'namespace',
		opensStreams: true,
		isForward: true,
	},
	{
		name: 'stop_forward',
		about: 'Closes the local port of a forward and its connections.',
		argv: [],
		target: 'none',
		parameters: [localPortFlag],
		required: ['local-port'],
		place: 'none',
		isForward: true,
	},
];

/** The flags of these names, in this order. */
function flagsNamed(rows: readonly FlagSpec[], names: readonly string[]): readonly FlagSpec[] {
	return names.map(name => rows.find(row => row.name === name)!);
}

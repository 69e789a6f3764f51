/** Spec of `spoke mcp`. */
import {acceptedReadOnlyFlag, helpFlag} from '../../command-line/common-flags.ts';
import {multiContextFlags} from '../../command-line/connection-flags.ts';
import type {FlagSpec} from '../../command-line/flag-spec.ts';
import type {CommandSpec} from '../command.ts';
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

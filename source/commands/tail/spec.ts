/** Spec of `spoke tail`. */
import {multiContextFlags, containerFlag, fieldFlag, helpFlag, levelFlag} from '../../base/command-line/connection-flags.ts';
import type {CommandSpec} from '../command.ts';
import {sessionFlags} from '../session/spec.ts';

const flags = [
	{
		name: 'selector',
		short: 'l',
		kind: 'string',
		value: 'SELECTOR',
		help: 'follow all pods with these labels, including pods created later',
	},
	{name: 'all-namespaces', short: 'A', kind: 'boolean', help: 'with -l: in all namespaces'},
	containerFlag('container name'),
	{name: 'all-containers', kind: 'boolean', help: 'all containers of each pod'},
	{
		name: 'since',
		kind: 'string',
		value: 'WHEN',
		default: 'tail',
		oneOf: ['tail', 'head', '1m', '5m', '15m', '30m', '1h'],
		help: 'where to start: tail (last lines), head (first line), or this long ago; unlike --since of spoke logs, it takes only these values',
	},
	{name: 'previous', short: 'p', kind: 'boolean', help: 'the log of the previous container instance'},
	levelFlag,
	fieldFlag('of JSON and logfmt lines, show only these fields'),
	...sessionFlags,
	helpFlag,
	...multiContextFlags,
] as const;

export const tailSpec = {
	name: 'tail',
	summary: 'follow the logs of one or many pods full screen, driven by keys',
	usage: ['tail TARGET… [flags]', 'tail -l SELECTOR [flags]'],
	about:
		'Follows logs full screen: search without hiding lines (n, N), filters, formatted JSON, levels, marks, save. Gaps, reconnects and restarts appear in the stream and are counted, as are lines buffered while paused and lines dropped.\nWith several contexts, the lines of all clusters are in one tail, sorted by timestamp, each with its context. A cluster that cannot be read is reported in the tail; one that is down is followed when it responds.',
	examples: [
		['spoke tail deploy/web', 'every pod of a deployment, including new ones'],
		['spoke tail deploy/web --level warn', 'warnings and errors, with their tracebacks'],
		['spoke tail deploy/web --context prod-eu,prod-us', 'the same deployment in two clusters, in one tail'],
		['spoke tail -A -l tier=edge --all-containers', 'by label, in all namespaces'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;

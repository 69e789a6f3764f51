/** `spoke tail` as data. */
import {connectionFlags} from '../../command-line/connection-flags.ts';
import {helpFlag} from '../../command-line/common-flags.ts';
import type {CommandSpec} from '../command.ts';
import {sessionFlags} from '../session/spec.ts';

const flags = [
	{name: 'selector', short: 'l', kind: 'string', value: 'SELECTOR', help: 'follow all pods with these labels, also those to come'},
	{name: 'all-namespaces', short: 'A', kind: 'boolean', help: 'with -l: in all namespaces'},
	{name: 'container', short: 'c', kind: 'string', value: 'NAME', completes: 'container', help: 'this container'},
	{name: 'all-containers', kind: 'boolean', help: 'all containers of each pod'},
	{
		name: 'since',
		kind: 'string',
		value: 'WHEN',
		default: 'tail',
		oneOf: ['tail', 'head', '1m', '5m', '15m', '30m', '1h'],
		help: 'where to begin: the last lines, the first line, or so long ago',
	},
	{name: 'previous', short: 'p', kind: 'boolean', help: 'the log of the container before'},
	...sessionFlags,
	helpFlag,
	...connectionFlags,
] as const;

export const tailSpec = {
	name: 'tail',
	summary: 'keyboard-driven log tailing, full screen, of one or many pods',
	usage: ['tail TARGET… [flags]', 'tail -l SELECTOR [flags]'],
	about:
		'Follows logs in the terminal: search with n and N that keeps all lines, filters, JSON made readable, levels, marks, save. Gaps, reconnects and restarts stand in the stream; they are counted, and so are lines that wait or were let go.',
	examples: [
		['spoke tail deploy/web', 'every pod of a deployment, also those to come'],
		['spoke tail -A -l tier=edge --all-containers', 'by labels, in all namespaces'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;

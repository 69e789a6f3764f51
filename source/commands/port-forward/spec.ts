/** `spoke port-forward` as data. */
import {helpFlag, pathFlag, readOnlyFlag, onPodLossFlag} from '../../command-line/common-flags.ts';
import {connectionFlags} from '../../command-line/connection-flags.ts';
import type {CommandSpec} from '../command.ts';

const flags = [
	{
		name: 'address',
		kind: 'strings',
		value: 'ADDRESSES',
		help: 'IP addresses to listen on, or localhost, which is 127.0.0.1 and ::1 and wants one of them (localhost)',
	},
	{
		name: 'filename',
		short: 'f',
		kind: 'string',
		value: 'FILE',
		completes: 'file',
		help: 'forward what the lines of FILE say, each as it would stand here, and any TARGET given here as well; a flag that a line lacks is taken from here, and --context leaves out the lines of other contexts; the session saves such files in ~/.config/spoke/forwards',
	},
	{
		name: 'output',
		short: 'o',
		kind: 'string',
		value: 'FORMAT',
		oneOf: ['json'],
		help: 'json: one event a line on stdout (schemas/port-forward-event.json)',
	},
	{
		name: 'pod-running-timeout',
		kind: 'duration',
		positive: true,
		default: 60_000,
		value: 'DURATION',
		help: 'how long to wait until a pod behind the target runs',
	},
	onPodLossFlag,
	readOnlyFlag,
	pathFlag,
	helpFlag,
	...connectionFlags,
] as const;

export const portForwardSpec = {
	name: 'port-forward',
	summary: 'forward local ports to pods, and stay with the target when its pod goes',
	usage: [
		'port-forward TARGET [LOCAL:]REMOTE… [KIND/NAME [LOCAL:]REMOTE…]… [flags]',
		'port-forward -f FILE [TARGET [LOCAL:]REMOTE…]… [flags]',
	],
	about:
		'Ports are numbers or names; :REMOTE takes any free local port. Behind the first target, an argument with a slash begins another one.\n' +
		'One refused or reset connection ends only itself. A service or workload is followed to its next Ready pod; a named pod that goes ends the command with status 12.\n' +
		'INT ends it with 0. KUBECTL_PORT_FORWARD_WEBSOCKETS=false forwards by raw SPDY alone.',
	examples: [
		['spoke port-forward svc/web 8080:80', 'port 80 of the service at 127.0.0.1:8080 and [::1]:8080'],
		['spoke port-forward pod/web-5d :http', 'a named port at a free local port'],
		['spoke port-forward svc/web 8080:80 sts/db 5432', 'two targets in one run'],
		['spoke port-forward svc/web :80 -o json', 'ready events for scripts'],
		['spoke port-forward -f ~/.config/spoke/forwards/shop', 'a set that the session saved'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;

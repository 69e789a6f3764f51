/** Spec of `spoke port-forward`. */
import {onPodLossFlag, podRunningTimeoutFlag} from '../../base/command-line/connection-flags.ts';
import {exitStatus} from '../../base/errors/exit-status.ts';
import type {CommandSpec} from '../command.ts';
import {streamFlags} from '../stream-flags.ts';

const flags = [
	{
		name: 'address',
		kind: 'strings',
		value: 'ADDRESSES',
		help: 'IP addresses to listen on, separated by commas; localhost (the default) means 127.0.0.1 and ::1, at least one of which must be available',
	},
	{
		name: 'host',
		kind: 'string',
		value: 'NAME',
		help: 'listen on a loopback address that only NAME has; on Linux, elsewhere on 127.0.0.1; prints the line for /etc/hosts; names below localhost need none',
	},
	{
		name: 'detach',
		kind: 'boolean',
		help: 'run in the background, also after the terminal closes; waits until the forward is ready, prints its addresses and its path, and exits 0; manage it with `spoke forwards`',
	},
	{name: 'detached', kind: 'boolean', hidden: true, help: 'the background process of --detach'},
	{
		name: 'filename',
		short: 'f',
		kind: 'string',
		value: 'FILE',
		completes: 'file',
		help: 'forward every line of FILE; in the syntax of this command, and in addition to any TARGET given here; flags given here apply to lines that do not set them; with --context, lines that name another context are skipped; the session saves such files in ~/.config/spoke/forwards',
	},
	{
		name: 'output',
		short: 'o',
		kind: 'string',
		value: 'FORMAT',
		oneOf: ['json'],
		help: 'json: one event per line; on stdout, or on stderr with a command (schemas/port-forward-event.json)',
	},
	podRunningTimeoutFlag('how long to wait for a pod; of a service or workload: a named pod must be running already'),
	onPodLossFlag,
	...streamFlags,
] as const;

export const portForwardSpec = {
	name: 'port-forward',
	summary: 'forward local ports to pods, and follow the target when its pod is replaced',
	usage: [
		'port-forward TARGET [LOCAL:]REMOTE… [KIND/NAME [LOCAL:]REMOTE…]… [flags]',
		'port-forward -f FILE [TARGET [LOCAL:]REMOTE…]… [flags]',
		'port-forward TARGET [LOCAL:]REMOTE… --detach [flags]',
		'port-forward TARGET [LOCAL:]REMOTE… [flags] -- COMMAND [ARGUMENT…]',
	],
	about:
		'Ports are numbers or names; :REMOTE picks a free local port. After the first target, an argument with a slash starts another target.\n' +
		'If one connection is refused or reset, the forward and its other connections continue. A service or workload is followed to its next Ready pod; if a named pod is gone, the command exits 12.\n' +
		'SIGINT ends it with status 0. KUBECTL_PORT_FORWARD_WEBSOCKETS=false uses only raw SPDY.\n' +
		'With a COMMAND, spoke starts it when all forwards are ready. SPOKE_ADDRESS and SPOKE_PORT are the address and the local port of the first forward. ' +
		'SPOKE_PORT_<REMOTE>, for example SPOKE_PORT_5432 or SPOKE_PORT_HTTP, is the local port of that remote port; if a REMOTE is given twice, that of the first. ' +
		'The command has stdin, stdout and the terminal, and gets spoke’s signals. Without -v, spoke prints only the path, failures and recoveries, on stderr. ' +
		'The forwards end with the command, and spoke exits with its status, or 128 + N if signal N ended it. 127 means that the command was not found and 126 that it could not be started. If spoke itself fails, it ends the command (SIGTERM, SIGKILL after 5 s) and exits 125, or 3 or 4 for --require.\n' +
		'If the remote port speaks TLS, spoke prints a curl command that verifies the server’s own certificate.\n' +
		'With --detach, a failure before the forward is ready has the same message and exit status as without it. --detach also fails if another program listens on the local port at any of the addresses. ' +
		'The forward has no terminal, so a credential plugin cannot prompt: log in first. See docs/forwards.md.',
	examples: [
		['spoke port-forward svc/web 8080:80', 'port 80 of the service at 127.0.0.1:8080 and [::1]:8080'],
		['spoke port-forward pod/web-5d :http', 'a named port on a free local port'],
		['spoke port-forward svc/web 8080:80 sts/db 5432', 'two targets in one run'],
		['spoke port-forward svc/web :80 -o json', 'ready events for scripts'],
		['spoke port-forward svc/web 8080:80 --host web.shop.test', 'an address of its own, and a line for /etc/hosts'],
		['spoke port-forward -f ~/.config/spoke/forwards/shop', 'a set saved in the session'],
		['spoke port-forward svc/db 5432 --detach', 'a forward in the background, which `spoke forwards stop 5432` ends'],
		["spoke port-forward svc/db :5432 -- sh -c 'psql -h $SPOKE_ADDRESS -p $SPOKE_PORT'", 'a forward for one command'],
	],
	failureStatus: exitStatus.execOwnFailure,
	isStdoutRemote: true,
	isForCommandAfterDash: true,
	flags,
} as const satisfies CommandSpec<typeof flags>;

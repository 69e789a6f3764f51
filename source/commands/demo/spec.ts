/** `spoke demo` as data. */
import {helpFlag} from '../../command-line/common-flags.ts';
import type {CommandSpec} from '../command.ts';
import {sessionFlags} from '../session/spec.ts';

const flags = [
	{name: 'tour', kind: 'boolean', help: 'drive logs, exec, a forward and the proxies once in each posture, and end'},
	{name: 'serve', kind: 'boolean', help: 'keep the sandbox running for other clients; it ends with its parent'},
	{
		name: 'kubeconfig-out',
		kind: 'string',
		value: 'FILE',
		completes: 'file',
		help: 'with --serve: where its kubeconfig is written (mode 0600)',
	},
	{
		name: 'scenario',
		kind: 'string',
		default: 'default',
		value: 'NAME',
		suggests: ['default', 'verified', 'konnectivity', 'http-connect', 'ssh-tunnels', 'refused', 'agents-gone'],
		help: 'which sandbox: default, verified, konnectivity, http-connect, ssh-tunnels, refused, agents-gone',
	},
	{name: 'port', kind: 'integer', default: 0, value: 'PORT', help: 'port of the sandbox’s apiserver on 127.0.0.1; 0 is a free one'},
	...sessionFlags,
	helpFlag,
] as const;

export const demoSpec = {
	name: 'demo',
	summary: 'a small cluster inside this program: see every kind of path without a cluster',
	usage: ['demo [flags]', 'demo --tour', 'demo --serve --kubeconfig-out FILE'],
	about:
		'Starts the sandbox: an apiserver, kubelets, tunnels and workloads in one process, on loopback, with real TLS and the real protocols. On a terminal the session opens on it, elsewhere the tour runs. Nothing of it says anything about a real cluster, and everything it shows says sandbox.',
	examples: [
		['spoke demo', 'the session on the sandbox'],
		['spoke demo --tour', 'every feature once in each posture, with its path line'],
		['spoke demo --serve --kubeconfig-out /tmp/sandbox.yaml', 'for kubectl and others, until it is interrupted'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;

/** Spec of `spoke demo`. */
import {helpFlag} from '../../base/command-line/connection-flags.ts';
import type {CommandSpec} from '../command.ts';
import {sessionFlags} from '../session/spec.ts';

const flags = [
	{
		name: 'tour',
		kind: 'boolean',
		help: 'run logs, exec, port-forward and proxy once with each posture, then exit; `spoke help demo` explains postures',
	},
	{name: 'serve', kind: 'boolean', help: 'keep the sandbox running for other clients, until interrupted or until the parent process ends'},
	{
		name: 'kubeconfig-out',
		kind: 'string',
		value: 'FILE',
		completes: 'file',
		help: 'with --serve: file to write the kubeconfig to (mode 0600)',
	},
	{
		name: 'scenario',
		kind: 'string',
		default: 'default',
		value: 'NAME',
		suggests: ['default', 'verified', 'konnectivity', 'http-connect', 'ssh-tunnels', 'refused', 'agents-gone'],
		help: 'scenario to start with; `spoke help demo` explains them',
	},
	{name: 'port', kind: 'integer', default: 0, value: 'PORT', help: 'port of the sandbox’s apiserver on 127.0.0.1; 0 picks a free one'},
	...sessionFlags,
	helpFlag,
] as const;

export const demoSpec = {
	name: 'demo',
	summary: 'run a small cluster inside spoke, to try every kind of path without a real one',
	usage: ['demo [flags]', 'demo --tour', 'demo --serve --kubeconfig-out FILE'],
	about:
		'Starts the sandbox: an apiserver, kubelets and workloads in one process, on loopback, with real TLS and the real protocols; its tunnels are simulated. On a terminal it opens the session, otherwise it runs the tour. Its results do not apply to a real cluster, and everything it shows is marked sandbox.\nA posture is how the apiserver reaches the nodes: by which route, and whether it verifies the kubelets’ certificates. A scenario is the posture or fault that the sandbox starts with. The session can later change the posture and the fault. The scenarios:\n- default: unverified kubelets on the direct route, the default of Kubernetes.\n- verified: kubelet certificates are verified.\n- konnectivity: nodes are reached through Konnectivity agents.\n- http-connect: nodes are reached through an HTTP CONNECT egress proxy.\n- ssh-tunnels: SSH tunnels, as before Kubernetes 1.22.\n- refused: the apiserver rejects the kubelet certificates: leg 2 fails.\n- agents-gone: Konnectivity without any running agent.',
	examples: [
		['spoke demo', 'the session on the sandbox'],
		['spoke demo --tour', 'every feature once with each posture, with its path line'],
		[
			'spoke demo --serve --kubeconfig-out /tmp/sandbox.yaml',
			'for kubectl and other clients, until interrupted or until the parent process ends',
		],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;

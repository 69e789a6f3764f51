/** Spec of `spoke doctor`. */
import {
	acceptedReadOnlyFlag,
	containerFlag,
	defaultContainer,
	helpFlag,
	outputFlag,
	connectionFlags,
} from '../../base/command-line/connection-flags.ts';
import {defaultNodeConcurrency, defaultNodeTimeoutMs} from '../../evidence/doctor/doctor-object.ts';
import type {CommandSpec} from '../command.ts';

const flags = [
	outputFlag(
		'text, or json: one object to attach to a ticket; for nodes, one NodeCheck per line as results become known, then a NodeCheckSummary',
	),
	containerFlag(`container to test; ${defaultContainer}`),
	{
		name: 'probe',
		kind: 'string',
		default: 'passive',
		value: 'MODE',
		oneOf: ['passive', 'active'],
		help: 'with nodes: active reads without confirmation (required without a terminal); with a target, passive opens no stream, so that leg 2 is not tested',
	},
	{name: 'selector', short: 'l', kind: 'string', value: 'SELECTOR', help: 'with nodes: only the nodes with these labels'},
	{
		name: 'max-log-requests',
		kind: 'integer',
		default: defaultNodeConcurrency,
		value: 'LOGS',
		help: 'with nodes: maximum log reads at once, each on a connection of its own',
	},
	acceptedReadOnlyFlag,
	helpFlag,
	...connectionFlags,
] as const;

export const doctorSpec = {
	name: 'doctor',
	summary: 'test each leg to a target and report which one fails, why, and what to do',
	usage: ['doctor TARGET [flags]', 'doctor nodes [flags]'],
	about: `Tests each step from the kubeconfig through the apiserver (leg 1) and the kubelet (leg 2) to the state of the container (leg 3), and stops at the first failure. To test leg 2, it reads one byte of a log and opens one port-forward without streams.\nExits with the status of the failure it finds (11 for leg 2; 12 also if the container runs for less than 10 minutes since a restart), or 0.\ndoctor nodes checks the kubelet of each node with one byte of the log of a pod there, and discards the byte. It groups the nodes by what failed, and by route and TLS state, with the median and longest duration of the reads.\nIf a node is behind a tunnel, spoke also reads which Konnectivity agents there are.\nA read costs one connection from the apiserver to the kubelet, and one entry in the audit log of the cluster. Its timeout is ${defaultNodeTimeoutMs / 1000} s, or --request-timeout.\ndoctor nodes requires get and list on pods, and get on pods/log: in kube-system, in the namespace of the context, or in all namespaces; -n selects one. A node without such a pod is not tried; that is not a failure.\nExits 11 if a kubelet fails, or does not respond while others do; 9 if none responds; 7 or 8 if no node could be tried. An interrupt prints what is known so far and exits 130. For a pod named nodes, pass pod/nodes.`,
	examples: [
		['spoke doctor deploy/web', 'why does exec fail?'],
		['spoke doctor web-5d -c sidecar', 'the same, for one container of several'],
		['spoke doctor node/n1 -o json', 'a report for a ticket'],
		['spoke doctor nodes', 'which kubelets respond, over which route, in what time; asks for confirmation'],
		['spoke doctor nodes --probe active -l zone=a -o json', 'one object per node of a zone, for a script'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;

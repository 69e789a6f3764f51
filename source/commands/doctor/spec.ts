/** Spec of `spoke doctor`. */
import {acceptedReadOnlyFlag, containerFlag, helpFlag, outputFlag} from '../../command-line/common-flags.ts';
import {connectionFlags} from '../../command-line/connection-flags.ts';
import type {CommandSpec} from '../command.ts';

const flags = [
	outputFlag('text, or json: one object to attach to a ticket'),
	containerFlag('container to test; defaults to the annotated container, then the first'),
	acceptedReadOnlyFlag,
	helpFlag,
	...connectionFlags,
] as const;

export const doctorSpec = {
	name: 'doctor',
	summary: 'test each leg to a target and report which one fails, why, and what to do',
	usage: ['doctor TARGET [flags]'],
	about:
		'Tests each step from the kubeconfig through the apiserver (leg 1) and the kubelet (leg 2) to the state of the container (leg 3), and stops at the first failure. To test leg 2, it reads one log line and opens one port-forward without streams.\nExits with the status of the failure it finds (11 for leg 2), or 0.',
	examples: [
		['spoke doctor deploy/web', 'why does exec fail?'],
		['spoke doctor web-5d -c sidecar', 'the same, for one container of several'],
		['spoke doctor node/n1 -o json', 'a report for a ticket'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;

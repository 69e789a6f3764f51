/** `spoke doctor` as data. */
import {helpFlag, acceptedReadOnlyFlag} from '../../command-line/common-flags.ts';
import {connectionFlags} from '../../command-line/connection-flags.ts';
import type {CommandSpec} from '../command.ts';

const flags = [
	{
		name: 'output',
		short: 'o',
		kind: 'string',
		default: 'text',
		value: 'FORMAT',
		oneOf: ['text', 'json'],
		help: 'text, or json: one object to attach to a ticket',
	},
	{
		name: 'container',
		short: 'c',
		kind: 'string',
		value: 'NAME',
		completes: 'container',
		help: 'the container to walk to; else the annotated default, else the first',
	},
	acceptedReadOnlyFlag,
	helpFlag,
	...connectionFlags,
] as const;

export const doctorSpec = {
	name: 'doctor',
	summary: 'walk the legs to a target and say which one fails, why, and what to do',
	usage: ['doctor TARGET [flags]'],
	about:
		'Walks from the kubeconfig over the apiserver and the kubelet to the container, and stops at the step that fails. It reads one log line and opens one port-forward without streams to try leg 2.\nEnds with the status of the failure it found (11 for the second leg), or 0.',
	examples: [
		['spoke doctor deploy/web', 'why does exec fail?'],
		['spoke doctor web-5d -c sidecar', 'the same, of one container of several'],
		['spoke doctor node/n1 -o json', 'a report for a ticket'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;

/** `spoke debug` as data. */
import {helpFlag, pathFlag, readOnlyFlag} from '../../command-line/common-flags.ts';
import {connectionFlags} from '../../command-line/connection-flags.ts';
import {exitStatus} from '../../errors/exit-status.ts';
import {defaultDetachKeys} from '../../terminal/detach-keys.ts';
import type {CommandSpec} from '../command.ts';
import {debugProfiles} from '../../streams/debug-profiles.ts';

const flags = [
	{name: 'image', kind: 'string', value: 'IMAGE', help: 'image of the debug container (required without --copy-to)'},
	{
		name: 'container',
		short: 'c',
		kind: 'string',
		value: 'NAME',
		completes: 'container',
		help: 'name of the debug container, defaults to debugger- and five letters; with --copy-to also an existing container to change',
	},
	{name: 'target', kind: 'string', value: 'CONTAINER', completes: 'container', help: 'the container whose processes it sees'},
	{name: 'env', kind: 'texts', value: 'NAME=VALUE,…', help: 'environment variables of the debug container'},
	{
		name: 'image-pull-policy',
		kind: 'string',
		value: 'POLICY',
		oneOf: ['Always', 'IfNotPresent', 'Never'],
		help: 'image pull policy of the debug container, defaults to the server’s',
	},
	{name: 'arguments-only', kind: 'boolean', help: 'pass what follows -- as arguments and keep the image’s entry point'},
	{name: 'copy-to', kind: 'string', value: 'NAME', help: 'create a copy of the pod with this name, and debug that'},
	{name: 'set-image', kind: 'texts', value: 'CONTAINER=IMAGE,…', help: 'with --copy-to: images to change; * stands for every container'},
	{name: 'replace', kind: 'boolean', help: 'with --copy-to: delete the original pod at once; the target must be a pod'},
	{name: 'same-node', kind: 'boolean', help: 'with --copy-to: run the copy on the same node'},
	{name: 'share-processes', kind: 'boolean', default: true, help: 'with --copy-to: containers of the copy see each other’s processes'},
	{name: 'keep-labels', kind: 'boolean', help: 'with --copy-to: keep the labels; services and workloads can then select the copy'},
	{name: 'keep-annotations', kind: 'boolean', help: 'with --copy-to: keep the annotations'},
	{name: 'keep-liveness', kind: 'boolean', help: 'with --copy-to: keep liveness probes'},
	{name: 'keep-readiness', kind: 'boolean', help: 'with --copy-to: keep readiness probes'},
	{name: 'keep-startup', kind: 'boolean', help: 'with --copy-to: keep startup probes'},
	{name: 'keep-init-containers', kind: 'boolean', default: true, help: 'with --copy-to: run init containers'},
	{
		name: 'profile',
		kind: 'string',
		value: 'PROFILE',
		default: 'general',
		oneOf: debugProfiles,
		help: 'kubectl’s: general may trace processes; baseline and restricted are for namespaces that enforce these; netadmin may change the network, sysadmin is privileged; legacy asks for nothing, as baseline does',
	},
	{name: 'stdin', short: 'i', kind: 'boolean', help: 'keep its stdin open, and attach'},
	{name: 'attach', kind: 'boolean', help: 'wait until it runs, and attach; defaults to the value of -i'},
	{name: 'tty', short: 't', kind: 'boolean', help: 'give it a terminal; needs -i'},
	{name: 'quiet', short: 'q', kind: 'boolean', help: 'print nothing but what the container prints, errors, and that input was left over'},
	{name: 'detach-keys', kind: 'string', default: defaultDetachKeys, value: 'KEYS', help: 'keys that leave the container running, with -it'},
	{
		name: 'pod-running-timeout',
		kind: 'duration',
		positive: true,
		default: 60_000,
		value: 'DURATION',
		help: 'with -i, how long to wait until the container runs',
	},
	readOnlyFlag,
	pathFlag,
	helpFlag,
	...connectionFlags,
] as const;

export const debugSpec = {
	name: 'debug',
	summary: 'debug a pod with an added container or a copy, or a node with a pod of its own',
	usage: [
		'debug TARGET --image=IMAGE [-it] [flags] [-- COMMAND [ARGUMENT…]]',
		'debug TARGET --copy-to=NAME [--image=IMAGE] [--set-image=CONTAINER=IMAGE] [-c CONTAINER] [-it] [flags] [-- COMMAND [ARGUMENT…]]',
		'debug node/NAME --image=IMAGE [-it] [flags] [-- COMMAND [ARGUMENT…]]',
	],
	about: [
		'TARGET is a pod, or a service or workload, of whose pods one is chosen as exec does; which one is said. kubectl debug takes no service or workload.',
		'Without --copy-to the pod is changed: an ephemeral container stays in it until the pod goes. A copy, and a pod on a node, stay until you delete them.',
		'A node gets a pod in its host namespaces, with its root at /host; --profile=baseline, restricted and netadmin give less.',
		'With -i or --attach it is attached to. Otherwise the name of the container, or of the pod that was created, is printed at once.',
		'Any failure of spoke’s own exits 125, with its ERR_ code on stderr.',
	].join('\n'),
	examples: [
		['spoke debug -it web-5d --image=busybox --target=httpd', 'a shell that sees the processes of httpd'],
		['spoke debug -it web-5d --copy-to=web-debug -c httpd -- sh', 'a copy of the pod, with a shell in place of its command'],
		['spoke debug -it node/n1 --image=busybox -- chroot /host', 'a shell on a node'],
	],
	failureStatus: exitStatus.execOwnFailure,
	flags,
} as const satisfies CommandSpec<typeof flags>;

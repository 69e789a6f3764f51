/** Spec of `spoke debug`. */
import {containerFlag, podRunningTimeoutFlag} from '../../base/command-line/connection-flags.ts';
import {exitStatus} from '../../base/errors/exit-status.ts';
import {defaultDetachKeys} from '../../base/terminal/detach-keys.ts';
import {type CommandSpec, flagsWhen} from '../command.ts';
import {recordFlags, streamFlags} from '../stream-flags.ts';
import {debugProfiles} from '../../streams/debug-specs.ts';

type StreamFlag = (typeof streamFlags)[number];

/** As in kubectl, `--profile` of debug hides the global one. */
const sharedFlags = streamFlags.filter((flag): flag is Exclude<StreamFlag, {name: 'profile'}> => flag.name !== 'profile');

const flags = [
	{name: 'image', kind: 'string', value: 'IMAGE', help: 'image of the debug container; without --copy-to, it is required'},
	containerFlag('name of the debug container; defaults to debugger-xxxxx; with --copy-to, also an existing container to change'),
	{
		name: 'target',
		kind: 'string',
		value: 'CONTAINER',
		completes: 'container',
		help: 'container whose processes it can see',
	},
	{name: 'env', kind: 'texts', value: 'NAME=VALUE,…', help: 'environment variables of the debug container'},
	{
		name: 'image-pull-policy',
		kind: 'string',
		value: 'POLICY',
		oneOf: ['Always', 'IfNotPresent', 'Never'],
		help: 'image pull policy of the debug container; defaults to the server’s',
	},
	{name: 'arguments-only', kind: 'boolean', help: 'keep the image’s entry point; everything after -- is its arguments'},
	{name: 'copy-to', kind: 'string', value: 'NAME', help: 'debug a copy of the pod, with this name'},
	...flagsWhen('with --copy-to', [
		{name: 'set-image', kind: 'texts', value: 'CONTAINER=IMAGE,…', help: 'images to change; * means every container'},
		{name: 'replace', kind: 'boolean', help: 'delete the original pod at once; the target must be a pod'},
		{name: 'same-node', kind: 'boolean', help: 'run the copy on the same node'},
		{name: 'share-processes', kind: 'boolean', default: true, help: 'containers see each other’s processes'},
		{name: 'keep-labels', kind: 'boolean', help: 'keep the labels; services and workloads can then select the copy'},
		{name: 'keep-annotations', kind: 'boolean', help: 'keep the annotations'},
		{name: 'keep-liveness', kind: 'boolean', help: 'keep liveness probes'},
		{name: 'keep-readiness', kind: 'boolean', help: 'keep readiness probes'},
		{name: 'keep-startup', kind: 'boolean', help: 'keep startup probes'},
		{name: 'keep-init-containers', kind: 'boolean', default: true, help: 'run init containers'},
	]),
	{
		name: 'profile',
		kind: 'string',
		value: 'PROFILE',
		default: 'general',
		oneOf: debugProfiles,
		help: 'debug profile, as in kubectl; general can trace processes; baseline and restricted are for namespaces that enforce these standards; netadmin can change the network; sysadmin is privileged; legacy sets no security context, like baseline',
	},
	{name: 'stdin', short: 'i', kind: 'boolean', help: 'pass stdin to the debug container, and attach'},
	{name: 'attach', kind: 'boolean', help: 'wait until the container runs, and attach; defaults to the value of -i'},
	{
		name: 'tty',
		short: 't',
		kind: 'boolean',
		help: 'allocate a terminal in the debug container; requires -i; if spoke attaches and stdin is not a terminal, allocates none',
	},
	{name: 'quiet', short: 'q', kind: 'boolean', help: 'only output, errors and unsent input; of the container'},
	{
		name: 'detach-keys',
		kind: 'string',
		default: defaultDetachKeys,
		value: 'KEYS',
		help: 'with -it: keys that detach; the container goes on running',
	},
	...recordFlags,
	podRunningTimeoutFlag('with -i: how long to wait for the container'),
	{
		name: 'custom',
		kind: 'string',
		hidden: true,
		refused: 'spoke does not merge container specs: choose a profile with --profile, or use kubectl debug --custom',
		help: 'not in spoke',
	},
	{
		name: 'filename',
		short: 'f',
		kind: 'strings',
		hidden: true,
		refused: 'spoke debug reads no manifests: name the pod or node as the target',
		help: 'not in spoke',
	},
	...sharedFlags,
] as const;

export const debugSpec = {
	name: 'debug',
	summary: 'debug a pod in an added container or a copy, or a node',
	usage: [
		'debug TARGET --image=IMAGE [-it] [flags] [-- COMMAND [ARGUMENT…]]',
		'debug TARGET --copy-to=NAME [--image=IMAGE] [-c CONTAINER] [-it] [flags] [-- COMMAND [ARGUMENT…]]',
		'debug node/NAME --image=IMAGE [-it] [flags] [-- COMMAND [ARGUMENT…]]',
	],
	about: [
		'TARGET is a pod, service, workload or node. For a service or workload, which kubectl debug does not accept, spoke picks a pod as exec does and prints its name.',
		'Without --copy-to, this changes the pod: an ephemeral container remains until the pod is deleted. A copy, or a pod on a node, remains until you delete it.',
		'On a node, the new pod uses the host namespaces and mounts the node’s root at /host. With --profile=baseline or restricted, it does neither. With netadmin, it uses the host namespaces and can change the network, but has no /host. With sysadmin, it is also privileged.',
		'With -i or --attach, spoke attaches to the container. Otherwise it prints the name of the container or of the new pod.',
		'If spoke itself fails, it exits 125, or 3 or 4 for --require, and prints an ERR_ code on stderr.',
	].join('\n'),
	examples: [
		['spoke debug -it web-5d --image=busybox --target=httpd', 'a shell that sees the processes of httpd'],
		['spoke debug -it web-5d --copy-to=web-debug -c httpd -- sh', 'a copy of the pod with another command'],
		['spoke debug -it node/n1 --image=busybox -- chroot /host', 'a shell on a node'],
	],
	failureStatus: exitStatus.execOwnFailure,
	flags,
} as const satisfies CommandSpec<typeof flags>;

/** `spoke debug` as data. */
import {helpFlag, pathFlag, readOnlyFlag} from '../../command-line/common-flags.ts';
import {connectionFlags} from '../../command-line/connection-flags.ts';
import {exitStatus} from '../../errors/exit-status.ts';
import {defaultDetachKeys} from '../../terminal/detach-keys.ts';
import type {CommandRow} from '../command.ts';
import {debugProfiles} from '../../sessions/debug-profiles.ts';

const flags = [
	{name: 'image', kind: 'string', value: 'IMAGE', help: 'the image of the container that is added; needed'},
	{name: 'container', short: 'c', kind: 'string', value: 'NAME', help: 'its name; else debugger- and five letters'},
	{name: 'target', kind: 'string', value: 'CONTAINER', completes: 'container', help: 'the container whose processes it sees'},
	{name: 'profile', kind: 'string', value: 'PROFILE', default: 'general', oneOf: debugProfiles, help: 'kubectl’s: general may trace processes; baseline and restricted are for namespaces that enforce these; netadmin may change the network, sysadmin is privileged; legacy asks for nothing, as baseline does'},
	{name: 'stdin', short: 'i', kind: 'boolean', help: 'keep its stdin open, and attach'},
	{name: 'tty', short: 't', kind: 'boolean', help: 'give it a terminal; needs -i'},
	{name: 'quiet', short: 'q', kind: 'boolean', help: 'print nothing but what the container prints, errors, and that input was left over'},
	{name: 'detach-keys', kind: 'string', default: defaultDetachKeys, value: 'KEYS', help: 'keys that leave the container running, with -it'},
	{name: 'pod-running-timeout', kind: 'duration', positive: true, default: 60_000, value: 'DURATION', help: 'with -i, how long to wait until the container runs'},
	readOnlyFlag,
	pathFlag,
	helpFlag,
	...connectionFlags,
] as const;

export const debugRow = {
	name: 'debug',
	summary: 'add an ephemeral container to a pod, for images without a shell',
	usage: ['debug TARGET --image=IMAGE [-it] [flags] [-- COMMAND [ARGUMENT…]]'],
	about: 'TARGET is a pod, or a service or workload, of whose pods one is chosen as exec does; which one is said. kubectl debug takes no service or workload, and nodes, which this does not.\nChanges the pod: an ephemeral container stays in it until the pod goes. With -i it is attached to, else its name is printed at once.\nAny failure of spoke’s own exits 125, with its ERR_ code on stderr.',
	examples: [['spoke debug -it web-5d --image=busybox --target=httpd', 'a shell that sees the processes of httpd']],
	failureStatus: exitStatus.execOwnFailure,
	flags,
} as const satisfies CommandRow<typeof flags>;

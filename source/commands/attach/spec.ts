/** `spoke attach` as data. */
import {errorOutputFlag, helpFlag, pathFlag, readOnlyFlag} from '../../command-line/common-flags.ts';
import {connectionFlags} from '../../command-line/connection-flags.ts';
import {exitStatus} from '../../errors/exit-status.ts';
import {defaultDetachKeys} from '../../terminal/detach-keys.ts';
import type {CommandSpec} from '../command.ts';

const flags = [
	{name: 'stdin', short: 'i', kind: 'boolean', help: 'pass stdin to the container'},
	{name: 'tty', short: 't', kind: 'boolean', help: 'stdin is a terminal, as the container’s is'},
	{
		name: 'container',
		short: 'c',
		kind: 'string',
		value: 'NAME',
		completes: 'container',
		help: 'the container; else the annotated default, else the first',
	},
	{name: 'quiet', short: 'q', kind: 'boolean', help: 'print nothing but what the container prints, errors, and that input was left over'},
	{name: 'detach-keys', kind: 'string', default: defaultDetachKeys, value: 'KEYS', help: 'keys that leave the container running, with -it'},
	{
		name: 'pod-running-timeout',
		kind: 'duration',
		positive: true,
		default: 60_000,
		value: 'DURATION',
		help: 'how long to wait for a pod behind the target',
	},
	errorOutputFlag,
	readOnlyFlag,
	pathFlag,
	helpFlag,
	...connectionFlags,
] as const;

export const attachSpec = {
	name: 'attach',
	summary: 'attach to the process that runs in a container',
	usage: ['attach TARGET [flags]'],
	about:
		'What the container prints from now on, and with -i what you type to it. The detach keys leave it running.\nAny failure of spoke’s own exits 125, with its ERR_ code on stderr.',
	examples: [
		['spoke attach web-5d', 'watch a container’s output'],
		['spoke attach -it db-0 -c console', 'type to it; ctrl-p ctrl-q leaves'],
	],
	failureStatus: exitStatus.execOwnFailure,
	isStdoutRemote: true,
	flags,
} as const satisfies CommandSpec<typeof flags>;

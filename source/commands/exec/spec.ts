/** `spoke exec` as data. */
import {errorOutputFlag, helpFlag, pathFlag, readOnlyFlag} from '../../command-line/common-flags.ts';
import {connectionFlags} from '../../command-line/connection-flags.ts';
import {exitStatus} from '../../errors/exit-status.ts';
import type {CommandSpec} from '../command.ts';

const flags = [
	{name: 'stdin', short: 'i', kind: 'boolean', help: 'pass stdin to the container'},
	{name: 'tty', short: 't', kind: 'boolean', help: 'a terminal on the far side; needs -i and a terminal here'},
	{
		name: 'container',
		short: 'c',
		kind: 'string',
		value: 'NAME',
		completes: 'container',
		help: 'the container; else the annotated default, else the first',
	},
	{
		name: 'filename',
		short: 'f',
		kind: 'strings',
		value: 'FILE',
		completes: 'file',
		help: 'in place of TARGET: the object that this manifest describes; - is stdin',
	},
	{name: 'quiet', short: 'q', kind: 'boolean', help: 'print nothing but what the command prints, errors, and that input was left over'},
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

export const execSpec = {
	name: 'exec',
	summary: 'run a command in a container',
	usage: ['exec TARGET [flags] -- COMMAND [ARGUMENT…]', 'exec -f FILE [flags] -- COMMAND [ARGUMENT…]'],
	about:
		'The remote command’s exit status is ours, and 0 only when the far side said so; any failure of spoke’s own exits 125, with its ERR_ code on stderr.\nBytes pass unchanged both ways, idle streams are kept alive, and a stream that is cut is never taken for the command’s end.',
	examples: [
		['spoke exec web-5d -- ls -l /', 'run one command'],
		['spoke exec -it deploy/web -- sh', 'a shell in a pod of a deployment'],
		['tar c . | spoke exec -i web-5d -- tar x -C /srv', 'stdin to the command'],
	],
	failureStatus: exitStatus.execOwnFailure,
	isStdoutRemote: true,
	flags,
} as const satisfies CommandSpec<typeof flags>;

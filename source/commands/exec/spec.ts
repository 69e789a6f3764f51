/** Spec of `spoke exec`. */
import {containerFlag, errorOutputFlag, podRunningTimeoutFlag} from '../../base/command-line/connection-flags.ts';
import {exitStatus} from '../../base/errors/exit-status.ts';
import type {CommandSpec} from '../command.ts';
import {recordFlags, streamFlags} from '../stream-flags.ts';

const flags = [
	{name: 'stdin', short: 'i', kind: 'boolean', help: 'pass stdin to the container'},
	{
		name: 'tty',
		short: 't',
		kind: 'boolean',
		help: 'allocate a terminal in the container; requires -i; without a local terminal, prints a warning and runs without one',
	},
	containerFlag(),
	{
		name: 'filename',
		short: 'f',
		kind: 'strings',
		value: 'FILE',
		completes: 'file',
		help: 'manifest of the object to use instead of TARGET: a file, not a directory; - reads stdin',
	},
	{name: 'quiet', short: 'q', kind: 'boolean', help: 'print only the command’s output, errors, and a warning if input was not sent'},
	podRunningTimeoutFlag(),
	...recordFlags,
	errorOutputFlag,
	...streamFlags,
] as const;

export const execSpec = {
	name: 'exec',
	summary: 'run a command in a container',
	usage: ['exec TARGET [flags] -- COMMAND [ARGUMENT…]', 'exec -f FILE [flags] -- COMMAND [ARGUMENT…]'],
	about:
		'Exits with the remote command’s status: 0 only if the remote side reported success. If spoke itself fails, it exits 125, or 3 or 4 for --require, and prints an ERR_ code on stderr.\nBytes pass unchanged in both directions, idle streams are kept alive, and a lost stream is never reported as the end of the command.',
	examples: [
		['spoke exec web-5d -- ls -l /', 'run one command'],
		['spoke exec -it deploy/web -- sh', 'a shell in a pod of a deployment'],
		['tar c . | spoke exec -i web-5d -- tar x -C /srv', 'stdin to the command'],
		['spoke exec -it --record session.cast web-5d -- sh', 'record a shell, for asciinema play'],
	],
	failureStatus: exitStatus.execOwnFailure,
	isStdoutRemote: true,
	flags,
} as const satisfies CommandSpec<typeof flags>;

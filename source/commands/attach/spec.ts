/** Spec of `spoke attach`. */
import {containerFlag, errorOutputFlag, podRunningTimeoutFlag} from '../../base/command-line/connection-flags.ts';
import {exitStatus} from '../../base/errors/exit-status.ts';
import {defaultDetachKeys} from '../../base/terminal/detach-keys.ts';
import type {CommandSpec} from '../command.ts';
import {recordFlags, streamFlags} from '../stream-flags.ts';

const flags = [
	{name: 'stdin', short: 'i', kind: 'boolean', help: 'pass stdin to the container'},
	{
		name: 'tty',
		short: 't',
		kind: 'boolean',
		help: 'no effect except a warning if the container has no terminal; with -i, its terminal is used with or without -t',
	},
	containerFlag(),
	{name: 'quiet', short: 'q', kind: 'boolean', help: 'print only the container’s output, errors, and a warning if input was not sent'},
	{
		name: 'detach-keys',
		kind: 'string',
		default: defaultDetachKeys,
		value: 'KEYS',
		help: 'with -it: key sequence that detaches and leaves the container running',
	},
	podRunningTimeoutFlag(),
	...recordFlags,
	errorOutputFlag,
	...streamFlags,
] as const;

export const attachSpec = {
	name: 'attach',
	summary: 'attach to the process that runs in a container',
	usage: ['attach TARGET [flags]'],
	about:
		'Streams the container’s output from now on and, with -i, sends it your input. If the container has a terminal, its stdout and stderr are one stream, which spoke prints on stdout; stdin need not be a terminal. The detach keys disconnect and leave the container running.\nIf spoke itself fails, it exits 125, or 3 or 4 for --require, and prints an ERR_ code on stderr.',
	examples: [
		['spoke attach web-5d', 'watch a container’s output'],
		['spoke attach -it db-0 -c console', 'interact with it; ctrl-p ctrl-q detaches'],
	],
	failureStatus: exitStatus.execOwnFailure,
	isStdoutRemote: true,
	flags,
} as const satisfies CommandSpec<typeof flags>;

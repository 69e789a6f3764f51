/** Spec of the session. */
import {multiContextFlags, helpFlag, keymapFlag, readOnlyFlag} from '../../base/command-line/connection-flags.ts';
import type {FlagSpec} from '../../base/command-line/flag-spec.ts';
import type {CommandSpec} from '../command.ts';
import {recordInputFlag} from '../stream-flags.ts';

/** Flags of the session and of `spoke tail`. */
export const sessionFlags = [
	readOnlyFlag,
	keymapFlag,
	{
		name: 'theme',
		kind: 'string',
		value: 'NAME',
		completes: 'theme',
		suggests: ['auto', 'dark', 'light', 'ansi', 'mono'],
		help: 'colors: auto (from the terminal), dark, light, ansi, mono, or a theme of your own: a file, or its name in ~/.config/spoke/themes',
	},
	{
		name: 'motion',
		kind: 'string',
		value: 'MODE',
		oneOf: ['on', 'off'],
		help: 'off: no countdowns, and ages update every 10 s; same as setting NO_MOTION',
	},
	{
		name: 'mouse',
		kind: 'string',
		value: 'MODE',
		oneOf: ['on', 'off'],
		help: 'off: the terminal keeps the mouse; with on, hold Shift to select text (default on)',
	},
	{
		name: 'record',
		kind: 'string',
		value: 'DIR',
		completes: 'file',
		help: 'record each shell, attach and debug container to a new file in DIR, as an asciicast (v2) with the path as markers; in the session, `:record DIR` and `:record off` start and stop it',
	},
	recordInputFlag,
] as const satisfies readonly FlagSpec[];

const flags = [
	{
		name: 'forwards',
		kind: 'string',
		value: 'SET',
		completes: 'forward-set',
		help: 'start this set of forwards with the session, in its context: a file in ~/.config/spoke/forwards, which the forwards view saves; lines that name another context are not started',
	},
	{name: 'all-namespaces', short: 'A', kind: 'boolean', help: 'show all namespaces at the start'},
	...sessionFlags,
	helpFlag,
	...multiContextFlags,
] as const;

export const sessionSpec = {
	name: 'session',
	summary: 'interactive session: lists, tails, shells, forwards, proxy, audit',
	usage: ['[flags]'],
	about:
		'Opens the interactive session. Without a kubeconfig, outside a pod, it opens the sandbox (a small cluster inside spoke), or runs the sandbox tour once if there is no terminal. Press `?` for the keys of the current view.',
	examples: [
		['spoke -n payments', 'start in a namespace'],
		['spoke --context prod-eu -A', 'another context, all namespaces'],
		['spoke --context prod-eu,prod-us', 'the rows of two clusters in one list'],
		['spoke --context staging --forwards shop', 'with the forwards that you saved as shop'],
		['spoke --record ~/recordings', 'record each shell to a file'],
		['spoke --read-only', 'browse without changing anything'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;

/** `spoke`, the session, as data. */
import {connectionFlags} from '../../command-line/connection-flags.ts';
import {helpFlag, readOnlyFlag} from '../../command-line/common-flags.ts';
import type {FlagSpec} from '../../command-line/flag-spec.ts';
import type {CommandSpec} from '../command.ts';

/** Shared by the session and `spoke tail`. */
export const sessionFlags = [
	readOnlyFlag,
	{
		name: 'keymap',
		kind: 'string',
		value: 'FILE',
		completes: 'file',
		suggests: ['default', 'vim', 'k9s'],
		help: 'a keymap file in place of ~/.config/spoke/keymap.yaml, or default, vim or k9s',
	},
	{
		name: 'theme',
		kind: 'string',
		value: 'NAME',
		oneOf: ['auto', 'dark', 'light', 'ansi', 'mono'],
		help: 'colours: auto (from the terminal), dark, light, ansi or mono',
	},
	{
		name: 'motion',
		kind: 'string',
		value: 'MODE',
		oneOf: ['on', 'off'],
		help: 'off: nothing counts down, no curve runs, ages go on every 10 s; NO_MOTION in the environment does the same',
	},
] as const satisfies readonly FlagSpec[];

const flags = [
	{name: 'all-namespaces', short: 'A', kind: 'boolean', help: 'start with all namespaces'},
	...sessionFlags,
	helpFlag,
	...connectionFlags,
] as const;

export const sessionSpec = {
	name: 'session',
	summary: 'the session: lists, tails, shells, forwards, the proxy, the audit',
	usage: ['[flags]'],
	about:
		'Opens the session in the terminal. Without a kubeconfig it opens the sandbox, a small cluster inside the program, or walks through it once where there is no terminal. `?` shows the keys of each place.',
	examples: [
		['spoke -n payments', 'start in a namespace'],
		['spoke --context prod-eu -A', 'another context, all namespaces'],
		['spoke --read-only', 'look, and change nothing'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;

/** `spoke keys` as data. */
import {helpFlag} from '../../command-line/common-flags.ts';
import type {CommandSpec} from '../command.ts';

const flags = [
	{name: 'check', kind: 'boolean', help: 'check the keymap; every problem with file, line and column; status 2 when there is one'},
	{
		name: 'keymap',
		kind: 'string',
		value: 'FILE',
		completes: 'file',
		suggests: ['default', 'vim', 'k9s'],
		help: 'a keymap file in place of ~/.config/spoke/keymap.yaml, or default, vim or k9s',
	},
	{
		name: 'output',
		short: 'o',
		kind: 'string',
		value: 'FORMAT',
		oneOf: ['text', 'json'],
		default: 'text',
		help: 'text, or json: one object',
	},
	{name: 'json', kind: 'boolean', help: 'the same as -o json'},
	helpFlag,
] as const;

export const keysSpec = {
	name: 'keys',
	summary: 'print or check the keymap of the session',
	usage: ['keys [--keymap FILE] [-o json]', 'keys --check [FILE]'],
	about:
		'Keys are data: keymaps/default.yaml, vim.yaml and k9s.yaml, and a file of yours of the same shape that names only what it changes. The footer and `?` of the session read the same structure.',
	examples: [
		['spoke keys --keymap vim', 'the keys with the vim keymap laid over the default'],
		['spoke keys --check my-keymap.yaml', 'check a file before it is used'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;

/** Spec of `spoke keys`. */
import {helpFlag, keymapFlag, outputFlag} from '../../base/command-line/connection-flags.ts';
import type {CommandSpec} from '../command.ts';

const flags = [
	{name: 'check', kind: 'boolean', help: 'check the keymap and print each problem with file, line and column; exits 2 if there is one'},
	keymapFlag,
	outputFlag('text, or json: one object'),
	helpFlag,
] as const;

export const keysSpec = {
	name: 'keys',
	summary: 'print or check the keymap of the session',
	usage: ['keys [--keymap FILE] [-o json]', 'keys --check [FILE]'],
	about:
		'A keymap is a YAML file: keymaps/default.yaml, the presets vim.yaml and k9s.yaml, and your own file, which names only what it changes. The footer and `?` of the session show the same keys.',
	examples: [
		['spoke keys --keymap vim', 'the keys with the vim preset'],
		['spoke keys --check my-keymap.yaml', 'check a file before you use it'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;

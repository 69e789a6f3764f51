/** Spec of `spoke theme`. */
import {helpFlag} from '../../base/command-line/connection-flags.ts';
import type {CommandSpec} from '../command.ts';

const flags = [
	{name: 'check', kind: 'boolean', help: 'check the theme and print each problem with file, line and column; exits 2 if there is one'},
	helpFlag,
] as const;

export const themeSpec = {
	name: 'theme',
	summary: 'print or check a theme of the session',
	usage: ['theme [NAME|FILE]', 'theme --check NAME|FILE'],
	about:
		'A theme is a YAML file of roles and colors: themes/dark.yaml, light.yaml, ansi.yaml and mono.yaml, and your own in ~/.config/spoke/themes, which name only what they change. Without an argument, prints the dark theme.',
	examples: [
		['mkdir -p ~/.config/spoke/themes && spoke theme light > ~/.config/spoke/themes/paper.yaml', 'begin a theme of your own'],
		['spoke theme --check paper', 'check it'],
		['spoke --theme paper', 'use it'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;

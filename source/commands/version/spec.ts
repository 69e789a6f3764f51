/** Spec of `spoke version`. */
import {helpFlag, outputFlag} from '../../base/command-line/connection-flags.ts';
import type {CommandSpec} from '../command.ts';

const flags = [outputFlag('text, or json: one Version object'), helpFlag] as const;

export const versionSpec = {
	name: 'version',
	summary: 'print the version of spoke',
	usage: ['version [flags]', '--version [flags]'],
	about: 'Prints the version of this program. It contacts no cluster. For the version of the apiserver, use `spoke path TARGET -o json`.',
	examples: [
		['spoke version', 'the version as text'],
		['spoke version -o json', 'the version of spoke and of Node.js, for a script'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;

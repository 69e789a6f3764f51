/** `spoke logs` as data. */
import {connectionFlags} from '../../command-line/connection-flags.ts';
import {helpFlag, pathFlag} from '../../command-line/common-flags.ts';
import type {CommandRow} from '../command.ts';

const flags = [
	{name: 'follow', short: 'f', kind: 'boolean', help: 'go on as lines come, over drops, restarts and rotation'},
	helpFlag,
	pathFlag,
	...connectionFlags,
] as const;

export const logsRow = {
	name: 'logs',
	summary: 'print or follow the logs of pods, through drops, restarts and rotation',
	usage: ['logs TARGET… [flags]', 'logs -l SELECTOR [flags]'],
	about: 'Prints what kubectl prints, byte for byte.',
	examples: [['spoke logs -f deploy/web', 'follow every pod of a deployment, also those to come']],
	flags,
} as const satisfies CommandRow<typeof flags>;

/** `spoke logs` as data. */
import {helpFlag, pathFlag, acceptedReadOnlyFlag} from '../../command-line/common-flags.ts';
import {connectionFlags} from '../../command-line/connection-flags.ts';
import type {CommandSpec} from '../command.ts';

const flags = [
	{
		name: 'follow',
		short: 'f',
		kind: 'boolean',
		help: 'go on as lines come, over cuts, restarts and rotation; of a workload, all its pods and those to come',
	},
	{name: 'previous', short: 'p', kind: 'boolean', help: 'the container’s life before the present one'},
	{
		name: 'container',
		short: 'c',
		kind: 'string',
		value: 'NAME',
		completes: 'container',
		help: 'the container; else the annotated default, else the first',
	},
	{name: 'all-containers', kind: 'boolean', help: 'all containers of the pods, init and ephemeral ones too'},
	{name: 'all-pods', kind: 'boolean', help: 'all pods behind the target; sets --prefix'},
	{name: 'selector', short: 'l', kind: 'string', value: 'SELECTOR', help: 'the pods with these labels, in place of a target'},
	{name: 'prefix', kind: 'boolean', help: 'put [pod/NAME/CONTAINER] before each line'},
	{name: 'timestamps', kind: 'boolean', help: 'put each line’s timestamp before it'},
	{
		name: 'tail',
		kind: 'integer',
		default: -1,
		value: 'LINES',
		help: 'begin with the newest lines only; -1 is all, and with -l the default is 10',
	},
	{name: 'since', kind: 'duration', default: 0, value: 'DURATION', help: 'only lines that are newer than this'},
	{name: 'since-time', kind: 'string', default: '', value: 'TIME', help: 'only lines from this time on (RFC 3339)'},
	{name: 'limit-bytes', kind: 'integer', default: 0, value: 'BYTES', help: 'end after so many bytes of each log; 0 is no limit'},
	{
		name: 'until',
		kind: 'string',
		default: 'pod-done',
		value: 'END',
		oneOf: ['pod-done', 'container-end'],
		help: 'when -f ends: with the pod, or as in kubectl with the container',
	},
	{name: 'resume', kind: 'boolean', default: true, help: 'with -f, go on after a cut; =false ends with status 13 instead'},
	{name: 'ignore-errors', kind: 'boolean', help: 'say a log’s failure and go on with the others'},
	{name: 'quiet', short: 'q', kind: 'boolean', help: 'print no notices on stderr but errors and what may be missing'},
	{
		name: 'max-log-requests',
		kind: 'integer',
		value: 'LOGS',
		help: 'refuse to follow more logs than this at the start; there is no limit else',
	},
	{
		name: 'pod-running-timeout',
		kind: 'duration',
		positive: true,
		default: 20_000,
		value: 'DURATION',
		help: 'how long to wait for a pod behind the target, and with -f for a named pod to start',
	},
	{
		name: 'output',
		short: 'o',
		kind: 'string',
		default: 'text',
		value: 'FORMAT',
		oneOf: ['text', 'json'],
		help: 'text, or json: one LogLine object per line, each with its timestamp, and with -f one per event; --prefix and --timestamps change nothing then',
	},
	{
		name: 'insecure-skip-tls-verify-backend',
		kind: 'boolean',
		help: 'ask the apiserver not to verify the kubelet’s certificate: leg 2 is then unverified',
	},
	pathFlag,
	acceptedReadOnlyFlag,
	helpFlag,
	...connectionFlags,
] as const;

export const logsSpec = {
	name: 'logs',
	summary: 'print or follow the logs of pods, through drops, restarts and rotation',
	usage: ['logs TARGET [CONTAINER] [flags]', 'logs KIND/NAME KIND/NAME… [flags]', 'logs -l SELECTOR [flags]'],
	about:
		'Prints what kubectl prints, byte for byte. With -f it goes on after a cut where it was: no line that the server still offers is lost, none comes twice,\nand what cannot be proved is said on stderr. That a pod came or a log ended is said only on a terminal, or with -v. It ends with status 0 when the pod is done; a workload is followed through its pods.\nOn a terminal, control characters of the log are shown, not obeyed.',
	examples: [
		['spoke logs web-5d', 'the log of a pod’s container'],
		['spoke logs -f deploy/web', 'follow every pod of a deployment, also those to come'],
		['spoke logs -f cronjob/nightly', 'run after run of a cron job; without -f the last one'],
		['spoke logs -f -l app=web --all-containers --prefix', 'follow by label, each line with its origin'],
		['spoke logs -f deploy/web -o json', 'lines and events as objects, for a script'],
		['spoke logs -p web-5d --tail=20', 'the last lines before the restart'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;

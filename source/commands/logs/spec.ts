/** Spec of `spoke logs`. */
import {
	acceptedReadOnlyFlag,
	containerFlag,
	fieldFlag,
	helpFlag,
	levelFlag,
	outputFlag,
	pathFlag,
	multiContextFlags,
} from '../../base/command-line/connection-flags.ts';
import {type CommandSpec, flagsWhen} from '../command.ts';
import {requireFlags} from '../stream-flags.ts';

/** Flags of the log of a node only. */
export const nodeFlags = flagsWhen('with node/NAME', [
	{
		name: 'query',
		kind: 'texts',
		value: 'QUERY',
		suggests: ['kubelet', 'containerd', '/'],
		help: 'a systemd unit or log name; repeatable up to four times; or one path below /var/log: /FILE, or /DIRECTORY/ to list it; requires get on nodes/proxy',
	},
	{
		name: 'boot',
		kind: 'integer',
		value: 'BOOT',
		help: 'only lines of this boot; 0 is the current one, -1 the one before',
	},
	{
		name: 'pattern',
		kind: 'string',
		value: 'REGEX',
		help: 'only lines that match, on the node; a regular expression (PCRE2, in journalctl)',
	},
]);

const flags = [
	{
		name: 'follow',
		short: 'f',
		kind: 'boolean',
		help: 'stream new lines; resumes after disconnects, restarts and rotation; for a workload or -l, from all pods, including new ones',
	},
	{name: 'previous', short: 'p', kind: 'boolean', help: 'the log of the previous container instance'},
	containerFlag(),
	{name: 'all-containers', kind: 'boolean', help: 'all containers of the pods; including init and ephemeral ones'},
	{name: 'all-pods', kind: 'boolean', help: 'all pods of the target; sets --prefix'},
	{name: 'selector', short: 'l', kind: 'string', value: 'SELECTOR', help: 'pods with these labels, instead of a target'},
	{
		name: 'prefix',
		kind: 'boolean',
		help: 'begin each line with its pod and container; as [pod/NAME/CONTAINER], or [CONTEXT pod/NAME/CONTAINER] with several contexts; on a terminal, the default of -f for several pods or containers',
	},
	{name: 'timestamps', kind: 'boolean', help: 'begin each line with its timestamp'},
	{
		name: 'tail',
		kind: 'integer',
		default: -1,
		value: 'LINES',
		help: 'number of recent lines; -1 prints all; default with -l: 10',
	},
	{name: 'since', kind: 'duration', default: 0, value: 'DURATION', help: 'only lines newer than this duration'},
	{name: 'since-time', kind: 'string', default: '', value: 'TIME', help: 'only lines from this time on (RFC 3339)'},
	levelFlag,
	{
		name: 'include',
		kind: 'texts',
		value: 'REGEX',
		help: 'only lines that match this regular expression; of JavaScript, case-sensitive unless it begins with (?i); repeatable: any of them',
	},
	{name: 'exclude', kind: 'texts', value: 'REGEX', help: 'no lines that match this regular expression; repeatable'},
	fieldFlag(
		'only these fields of JSON and logfmt lines; as logfmt; order.id is id in the object order; with -o json, add them as `fields`',
	),
	{name: 'limit-bytes', kind: 'integer', default: 0, value: 'BYTES', help: 'maximum bytes of each log; 0 means no limit'},
	{
		name: 'until',
		kind: 'string',
		default: 'pod-done',
		value: 'END',
		oneOf: ['pod-done', 'container-end'],
		help: 'when -f ends; pod-done: no container of the pod will run again; container-end: at the first exit of the container, as in kubectl',
	},
	{name: 'resume', kind: 'boolean', default: true, help: 'with -f, resume after a disconnect; --resume=false exits with status 13 instead'},
	{
		name: 'ignore-errors',
		kind: 'boolean',
		help: 'continue after a target or a log that fails; reports it, also if it is missing or forbidden; exits 0 if at least one target was found',
	},
	{name: 'quiet', short: 'q', kind: 'boolean', help: 'on stderr, only errors and missing lines; and lines that may be missing'},
	{
		name: 'max-log-requests',
		kind: 'integer',
		value: 'LOGS',
		help: 'with -f, fail if there are more logs than this; at the start; unlimited by default',
	},
	{
		name: 'pod-running-timeout',
		kind: 'duration',
		positive: true,
		default: 20_000,
		value: 'DURATION',
		help: 'how long to wait for a pod; of the target and, with -f, for a named pod to start; by default, -f of a workload without pods waits for one without a limit',
	},
	outputFlag(
		'text, or json: an object per line; one LogLine per line (each with its timestamp) and, with -f, per event; ignores --prefix and --timestamps',
	),
	{
		name: 'export',
		kind: 'string',
		value: 'DIR',
		completes: 'file',
		help: 'write the logs to files in this directory; instead of printing: a new private file per container, and one for its previous instance; all pods and containers of the target unless -c names one',
	},
	...nodeFlags,
	{
		name: 'insecure-skip-tls-verify-backend',
		kind: 'boolean',
		help: 'let the apiserver not verify the kubelet; leg 2 is then unverified',
	},
	pathFlag,
	...requireFlags,
	acceptedReadOnlyFlag,
	helpFlag,
	...multiContextFlags,
] as const;

export const logsSpec = {
	name: 'logs',
	summary: 'print or follow the logs of pods, across disconnects, restarts and rotation',
	usage: [
		'logs TARGET [CONTAINER] [flags]',
		'logs KIND/NAME KIND/NAME… [flags]',
		'logs -l SELECTOR [flags]',
		'logs node/NAME --query QUERY [flags]',
	],
	about:
		'Without -f, prints what kubectl prints, byte for byte, except that --ignore-errors reports failures on stderr, not on stdout. On a terminal, also with -f, control characters are displayed, not interpreted, and --prefix is colored. With -f, a workload means all its pods, not one, and spoke resumes after a disconnect at the same line: it neither loses nor repeats a line that the server still has, and reports on stderr what it cannot guarantee.\nWith -f, it exits 0 when no container of the pod will run again. A workload is followed to its new pods until it is deleted, a job also only until it is complete or has failed. With -l, it ends when no container of the pods will run again and no controller will create more pods: their jobs are complete, failed or deleted, and the other pods have no controller. Until then, it waits for new pods. It reports on stderr when it waits or stops. What is followed at the start, new pods and ended logs are reported only on a terminal, or with -v 1 or higher.\n--level, --include and --exclude select among the lines that --tail, --since and --since-time read. Gaps, interruptions and other notices are printed on stderr, whatever is selected.\n--export writes what the nodes still serve: each log since its last rotation, and one previous instance. It reports what is missing, and exits with the status of the first log that is missing or incomplete. index.jsonl says where each file is from. Several contexts are exported to a directory each.\nWith several contexts, each line begins with its context. Without -f, the clusters are printed one after the other. With -f, all are followed at once, and a cluster that is down is followed when its apiserver responds. A failure in one context does not stop the others.\nlogs node/NAME reads a service or file of a node from its kubelet, like kubectl get --raw /api/v1/nodes/NAME/proxy/logs/?query=…. --since and --since-time become its sinceTime, --tail its tailLines; --boot and --pattern become its parameters boot and pattern. It requires get on nodes/proxy, which also allows commands in every pod of the node; no role of spoke contains it.',
	examples: [
		['spoke logs web-5d', 'the log of a pod’s container'],
		['spoke logs -f deploy/web', 'follow every pod of a deployment, including new ones'],
		['spoke logs -f cronjob/nightly', 'each run of a cron job; without -f, the last one'],
		['spoke logs -f -l app=web --all-containers --prefix', 'follow by label, each line with its origin'],
		['spoke logs -f deploy/web -o json', 'lines and events as objects, for a script'],
		['spoke logs -f deploy/web --level warn --exclude healthz', 'only warnings and errors, with their tracebacks'],
		['spoke logs deploy/web --export incident-7', 'every log of the deployment, in files'],
		['spoke logs -f deploy/web --context prod-eu,prod-us', 'follow the same deployment in two clusters'],
		['spoke logs -p web-5d --tail=20', 'the last lines before the restart'],
		['spoke logs node/n1 --query kubelet --since 10m', 'the log of a node’s kubelet'],
		['spoke logs node/n1 --query /', 'the files of /var/log on the node'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;

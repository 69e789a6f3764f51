/** Flags of several commands: kubectl's connection flags, global flags of kubectl that spoke lacks, and spoke's own. */
import type {FlagSpec, FlagValues} from './flag-spec.ts';

const noEffect = {kind: 'string', hidden: true} as const;

/** Accepted, because kubectl with these values does what spoke does. */
export const noEffectFlags = [
	{...noEffect, name: 'cache-dir', value: 'DIR', completes: 'file', help: 'no effect, because spoke keeps no discovery cache'},
	{...noEffect, name: 'profile', value: 'PROFILE', oneOf: ['none'], help: 'no effect; spoke debug has its own --profile'},
	{...noEffect, name: 'profile-output', value: 'FILE', completes: 'file', help: 'no effect, because --profile=none writes no file'},
] as const satisfies readonly FlagSpec[];

export const onPodLossFlag = {
	name: 'on-pod-loss',
	kind: 'string',
	value: 'MODE',
	oneOf: ['move', 'exit'],
	help: 'when the pod is gone: move to the next Ready one, or exit; with status 12, as for a named pod; move is the default',
} as const satisfies FlagSpec;

export const helpFlag = {name: 'help', short: 'h', kind: 'boolean', help: 'show this help'} as const satisfies FlagSpec;

export const pathFlag = {
	name: 'path',
	kind: 'string',
	default: 'auto',
	bare: 'always',
	value: 'MODE',
	oneOf: ['auto', 'always', 'never', 'json'],
	help: 'when to print the path line on stderr; auto: on a terminal',
} as const satisfies FlagSpec;

export const outputFlag = (help: string) =>
	({
		name: 'output',
		short: 'o',
		kind: 'string',
		default: 'text',
		value: 'FORMAT',
		oneOf: ['text', 'json'],
		help,
	}) as const satisfies FlagSpec;

/** stdout belongs to the remote command. */
export const errorOutputFlag = outputFlag(
	'json: print spoke’s own failure as an object; an Error object, as the last line of stderr; stdout has only the remote command’s output',
);

export const defaultContainer =
	'defaults to the container that the annotation kubectl.kubernetes.io/default-container names, or else the first';

export const levelFlag = {
	name: 'level',
	kind: 'string',
	value: 'LEVEL',
	oneOf: ['debug', 'info', 'warn', 'error', 'fatal'],
	help: 'only lines of this level and above; a line without a level has that of the line that it continues (within 200 ms, as in a traceback), or else info',
} as const satisfies FlagSpec;

export const readOnlyFlag = {
	name: 'read-only',
	kind: 'boolean',
	help: 'refuse what could change something; exec, attach, debug, cp, forwards, the local API proxy, and proxy requests but GET and HEAD, over a WebSocket, or that run commands',
} as const satisfies FlagSpec;

/** Accepted by commands that only read, so that an alias with `--read-only` works. */
export const acceptedReadOnlyFlag = {...readOnlyFlag, hidden: true} as const satisfies FlagSpec;

export const keymapFlag = {
	name: 'keymap',
	kind: 'string',
	value: 'FILE',
	completes: 'file',
	suggests: ['default', 'vim', 'k9s'],
	help: 'keymap file, or default, vim or k9s; instead of ~/.config/spoke/keymap.yaml',
} as const satisfies FlagSpec;

export const probeFlag = {
	name: 'probe',
	kind: 'string',
	default: 'passive',
	value: 'MODE',
	oneOf: ['passive', 'active'],
	help: 'active: also run the route test; to prove the route (docs/permissions.md)',
} as const satisfies FlagSpec;

export const minBasisFlag = {
	name: 'min-basis',
	kind: 'string',
	default: 'proven',
	value: 'BASIS',
	oneOf: ['proven', 'inferred'],
	help: 'weakest basis that counts for --require; inferred also accepts inferred verdicts',
} as const satisfies FlagSpec;

/** Why spoke lacks a flag of kubectl. */
export const missingFlagHints: ReadonlyMap<string, string> = new Map([
	['match-server-version', 'spoke adapts to the server’s version, which `spoke path TARGET -o json` prints; omit this flag'],
	['warnings-as-errors', 'spoke does not read the server’s warnings; omit this flag'],
]);

const fileFlags = [
	{name: 'kubeconfig', kind: 'string', value: 'FILE', completes: 'file', help: 'the kubeconfig file to use'},
	{
		name: 'kuberc',
		kind: 'string',
		value: 'FILE',
		completes: 'file',
		help: 'kuberc file with the policy for credential plugins; KUBERC=off disables it',
	},
] as const satisfies readonly FlagSpec[];

const contextFlag = {
	name: 'context',
	kind: 'string',
	value: 'NAME',
	completes: 'context',
	help: 'the kubeconfig context to use',
} as const satisfies FlagSpec;

const contextsFlags = [
	{
		name: 'context',
		kind: 'texts',
		value: 'NAME,…',
		completes: 'context',
		help: 'the kubeconfig context to use; several at once if separated by commas, or repeated',
	},
	{name: 'all-contexts', kind: 'boolean', help: 'every context of the kubeconfig at once'},
] as const satisfies readonly FlagSpec[];

const clusterFlags = [
	{name: 'cluster', kind: 'string', value: 'NAME', completes: 'cluster', help: 'the kubeconfig cluster to use'},
	{name: 'user', kind: 'string', value: 'NAME', completes: 'user', help: 'the kubeconfig user to use'},
	{name: 'namespace', short: 'n', kind: 'string', value: 'NAMESPACE', completes: 'namespace', help: 'the namespace of the target'},
	{name: 'server', short: 's', kind: 'string', value: 'URL', help: 'address and port of the apiserver'},
	{name: 'token', kind: 'string', value: 'TOKEN', help: 'bearer token for the apiserver'},
	{name: 'username', kind: 'string', value: 'NAME', help: 'user name for basic authentication'},
	{name: 'password', kind: 'string', value: 'PASSWORD', help: 'password for basic authentication'},
	{name: 'as', kind: 'string', value: 'USER', help: 'user to impersonate'},
	{name: 'as-group', kind: 'texts', value: 'GROUP', help: 'group to impersonate; repeat for several'},
	{name: 'as-uid', kind: 'string', value: 'UID', help: 'uid to impersonate'},
	{name: 'as-user-extra', kind: 'texts', value: 'KEY=VALUE', help: 'extra user information to impersonate; repeat for several'},
	{
		name: 'certificate-authority',
		kind: 'string',
		value: 'FILE',
		completes: 'file',
		help: 'CA file with which the apiserver’s certificate is verified',
	},
	{name: 'client-certificate', kind: 'string', value: 'FILE', completes: 'file', help: 'client certificate file'},
	{name: 'client-key', kind: 'string', value: 'FILE', completes: 'file', help: 'client key file'},
	{name: 'tls-server-name', kind: 'string', value: 'NAME', help: 'name to expect in the apiserver’s certificate instead of the host name'},
	{name: 'insecure-skip-tls-verify', kind: 'boolean', help: 'do not verify the apiserver’s certificate: leg 1 is then unverified'},
	{
		name: 'proxy-url',
		kind: 'string',
		value: 'URL',
		help: 'proxy to the apiserver (http, https or socks5), instead of the proxy-url of the kubeconfig; not a flag of kubectl',
	},
	{name: 'disable-compression', kind: 'boolean', help: 'do not request compressed responses'},
	{
		name: 'request-timeout',
		kind: 'string',
		value: 'DURATION',
		default: '0',
		help: 'timeout of one request (1s, 2m, or seconds); 0 means no limit',
	},
	{
		name: 'v',
		short: 'v',
		kind: 'integer',
		default: 0,
		value: 'LEVEL',
		help: '1 and higher: with spoke logs, report new pods and ended logs even if stderr is not a terminal; with spoke audit and path, print the evidence; 6 and higher: log each request to stderr (method, URL, status, duration), never headers or bodies; one-shot commands only',
	},
	...noEffectFlags,
] as const satisfies readonly FlagSpec[];

export const connectionFlags = [...fileFlags, contextFlag, ...clusterFlags] as const satisfies readonly FlagSpec[];

/** Instead of `connectionFlags`, for a command that takes several contexts. */
export const multiContextFlags = [...fileFlags, ...contextsFlags, ...clusterFlags] as const satisfies readonly FlagSpec[];

const anyConnectionFlags: ReadonlySet<FlagSpec> = new Set([...connectionFlags, ...multiContextFlags]);

/** Whether help lists a flag with the connection flags; `--profile` of debug is its own. */
export function isConnectionFlag(flag: FlagSpec): boolean {
	return anyConnectionFlags.has(flag);
}

type NoEffectName = (typeof noEffectFlags)[number]['name'];

export type MultiContextFlags = Omit<FlagValues<typeof multiContextFlags>, NoEffectName>;
export type ConnectionFlags = Omit<FlagValues<typeof connectionFlags>, NoEffectName>;

export function hasNoEffect<Row extends FlagSpec>(flag: Row): flag is Row & (typeof noEffectFlags)[number] {
	return (noEffectFlags as readonly FlagSpec[]).includes(flag);
}

export const containerFlag = (help = `container name; ${defaultContainer}`) =>
	({name: 'container', short: 'c', kind: 'string', value: 'NAME', completes: 'container', help}) as const satisfies FlagSpec;

export const fieldFlag = (help: string) => ({name: 'field', kind: 'strings', value: 'FIELDS', help}) as const satisfies FlagSpec;

export const podRunningTimeoutFlag = (help = 'how long to wait for a pod of the target') =>
	({name: 'pod-running-timeout', kind: 'duration', positive: true, default: 60_000, value: 'DURATION', help}) as const satisfies FlagSpec;

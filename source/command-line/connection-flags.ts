/** kubectl's connection flags, and those of commands that take several contexts. */
import type {FlagSpec, FlagValues} from './flag-spec.ts';
import {noEffectFlags} from './kubectl-only-flags.ts';

const fileFlags = [
	{name: 'kubeconfig', kind: 'string', value: 'FILE', completes: 'file', help: 'path to the kubeconfig file to use'},
	{
		name: 'kuberc',
		kind: 'string',
		value: 'FILE',
		completes: 'file',
		help: 'path to the kuberc file with the policy for credential plugins; KUBERC=off disables it',
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
		help: '1 and higher: with spoke logs, report new pods and ended logs even if stderr is not a terminal; with spoke audit, print the evidence of each row; 6 and higher: log each request to stderr (method, URL, status, duration), never headers or bodies; one-shot commands only',
	},
	...noEffectFlags,
] as const satisfies readonly FlagSpec[];

export const connectionFlags = [...fileFlags, contextFlag, ...clusterFlags] as const satisfies readonly FlagSpec[];

/** Instead of `connectionFlags`, for a command that takes several contexts. */
export const multiContextFlags = [...fileFlags, ...contextsFlags, ...clusterFlags] as const satisfies readonly FlagSpec[];

/** Names of the flags that help lists as connection flags. */
export const connectionFlagNames: ReadonlySet<string> = new Set([...connectionFlags, ...multiContextFlags].map(({name}) => name));

type NoEffectName = (typeof noEffectFlags)[number]['name'];

export type MultiContextFlags = Omit<FlagValues<typeof multiContextFlags>, NoEffectName>;
export type ConnectionFlags = Omit<FlagValues<typeof connectionFlags>, NoEffectName>;

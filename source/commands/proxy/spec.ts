/** Spec of `spoke proxy`. */
import type {FlagSpec} from '../../base/command-line/flag-spec.ts';
import {defaultFilter, defaultPort} from '../../streams/proxy-listener/request-filter.ts';
import type {CommandSpec} from '../command.ts';
import {streamFlags} from '../stream-flags.ts';

/** Of one request. */
export const requestFlags = [
	{name: 'header', short: 'H', kind: 'texts', value: '"NAME: VALUE"', help: 'one request: header to send; repeat for several'},
	{name: 'data', kind: 'string', value: 'TEXT', help: 'one request: body to send'},
	{
		name: 'data-file',
		kind: 'string',
		value: 'FILE',
		completes: 'file',
		help: 'one request: file to send as the body, streamed as it is read; - reads stdin',
	},
	{name: 'include', short: 'i', kind: 'boolean', help: 'one request: print status and headers on stderr'},
	{name: 'no-fail', kind: 'boolean', help: 'one request: exit 0 regardless of the response status'},
	{
		name: 'websocket',
		kind: 'boolean',
		help: 'one request (get): upgrade to a WebSocket; sends each line of stdin as a message (binary if it is not UTF-8) and prints each message as a line',
	},
	{name: 'protocol', kind: 'texts', value: 'NAME', help: 'with --websocket: a subprotocol to offer; repeat for several'},
] as const satisfies readonly FlagSpec[];

/** Of the local API proxy. */
export const listenerFlags = [
	{
		name: 'port',
		short: 'p',
		kind: 'integer',
		default: defaultPort,
		value: 'PORT',
		help: 'local API proxy: port to listen on; 0 picks a free one',
	},
	{name: 'address', kind: 'string', default: '127.0.0.1', value: 'IP', help: 'local API proxy: address to listen on'},
	{
		name: 'unix-socket',
		short: 'u',
		kind: 'string',
		value: 'FILE',
		completes: 'file',
		help: 'local API proxy: Unix socket (mode 0600) to listen on instead of a port',
	},
	{name: 'api-prefix', kind: 'string', default: '/', value: 'PREFIX', help: 'local API proxy: serve the API under this prefix'},
	{
		name: 'www',
		short: 'w',
		kind: 'string',
		value: 'DIRECTORY',
		completes: 'file',
		help: 'local API proxy: also serve the files of this directory; of a directory, its index.html, and never a list of its files',
	},
	{name: 'www-prefix', short: 'P', kind: 'string', default: '/static/', value: 'PREFIX', help: 'local API proxy: prefix of the files'},
	{
		name: 'accept-hosts',
		kind: 'string',
		default: defaultFilter.acceptHosts,
		value: 'REGEXPS',
		help: 'local API proxy: Host and Origin values to accept',
	},
	{name: 'accept-paths', kind: 'string', default: defaultFilter.acceptPaths, value: 'REGEXPS', help: 'local API proxy: paths to accept'},
	{
		name: 'reject-paths',
		kind: 'string',
		default: defaultFilter.rejectPaths,
		value: 'REGEXPS',
		help: 'local API proxy: paths to reject, even if --accept-paths matches; requests that run commands stay rejected unless you pass --disable-filter --allow-commands',
	},
	{
		name: 'reject-methods',
		kind: 'string',
		default: defaultFilter.rejectMethods,
		value: 'REGEXPS',
		help: 'local API proxy: methods to reject, for example POST,PUT,PATCH',
	},
	{
		name: 'disable-filter',
		kind: 'boolean',
		help: 'local API proxy: accept every host, origin, path and method, so pages of other sites can use it too (XSRF); requests that run commands stay rejected',
	},
	{
		name: 'allow-commands',
		kind: 'boolean',
		help: 'local API proxy, with --disable-filter: also relay exec, attach, port-forward and the kubelet’s run',
	},
	{
		name: 'append-server-path',
		kind: 'boolean',
		help: 'local API proxy: add the path of the kubeconfig’s server URL to each request; otherwise a request must contain it',
	},
	{
		name: 'keepalive',
		kind: 'duration',
		default: 0,
		value: 'DURATION',
		help: 'local API proxy: TCP keep-alive interval of upgraded connections to the apiserver; 0 means the system default',
	},
] as const satisfies readonly FlagSpec[];

const flags = [...requestFlags, ...listenerFlags, ...streamFlags] as const;

export const proxySpec = {
	name: 'proxy',
	summary: 'send one request to a node, pod or service through the apiserver, or start a local API proxy',
	usage: ['proxy get|head|post|put|patch|delete TARGET[/PATH] [flags]', 'proxy [--port PORT | --unix-socket FILE] [flags]'],
	about: [
		'TARGET is node/NAME, pod/NAME or svc/NAME. NAME can have a scheme and a port: https:web:443.',
		'The apiserver sends plain HTTP or, with https:, TLS without verifying the certificate. A node without a port, or with its kubelet’s port, means its kubelet, which is reached as for logs and exec, whatever the scheme.',
		'Redirects are not followed. A response of 400 or higher is printed and exits 1; if the backend cannot be reached, it exits 11.',
		'The local API proxy accepts only its own names in Host and Origin, and rejects requests that run commands (exec, attach, port-forward, the kubelet’s run), however the path is encoded, unless you pass --disable-filter --allow-commands.',
		'With --require or a policy, the local API proxy responds with 403 to a request for a log, stream, node, pod or service whose path does not meet the requirements.',
	].join('\n'),
	examples: [
		['spoke proxy get svc/https:web:443/healthz', 'one request over unverified TLS to a pod of the service'],
		['spoke proxy post pod/web-5d:8080/items --data-file items.json -H "Content-Type: application/json"', 'a body from a file'],
		['spoke proxy get node/n1/metrics', 'metrics of the kubelet'],
		['spoke proxy --port 0', 'serve the API on a free local port'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;

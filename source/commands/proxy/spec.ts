/** Spec of `spoke proxy`. */
import {defaultFilter, defaultPort} from '../../streams/proxy-listener/request-filter.ts';
import {type CommandSpec, flagsWhen} from '../command.ts';
import {streamFlags} from '../stream-flags.ts';

/** Of one request. */
export const requestFlags = flagsWhen('for one request', [
	{name: 'header', short: 'H', kind: 'texts', value: '"NAME: VALUE"', help: 'header to send; repeat for several'},
	{name: 'data', kind: 'string', value: 'TEXT', help: 'body to send'},
	{
		name: 'data-file',
		kind: 'string',
		value: 'FILE',
		completes: 'file',
		help: 'file to send as the body; streamed as it is read; - reads stdin',
	},
	{name: 'include', short: 'i', kind: 'boolean', help: 'print status and headers on stderr'},
	{name: 'no-fail', kind: 'boolean', help: 'exit 0 regardless of the response status'},
	{
		name: 'websocket',
		kind: 'boolean',
		help: 'upgrade a get to a WebSocket; sends each line of stdin as a message (binary if it is not UTF-8) and prints each message as a line',
	},
	{
		name: 'protocol',
		kind: 'texts',
		value: 'NAME',
		help: 'with --websocket, a subprotocol to offer; repeat for several',
	},
]);

/** Of the local API proxy. */
export const listenerFlags = flagsWhen('for the local API proxy', [
	{
		name: 'port',
		short: 'p',
		kind: 'integer',
		default: defaultPort,
		value: 'PORT',
		help: 'port to listen on; 0 picks a free one',
	},
	{name: 'address', kind: 'string', default: '127.0.0.1', value: 'IP', help: 'address to listen on'},
	{
		name: 'unix-socket',
		short: 'u',
		kind: 'string',
		value: 'FILE',
		completes: 'file',
		help: 'Unix socket to listen on instead of a port; of mode 0600',
	},
	{
		name: 'api-prefix',
		kind: 'string',
		default: '/',
		value: 'PREFIX',
		help: 'serve the API under this prefix',
	},
	{
		name: 'www',
		short: 'w',
		kind: 'string',
		value: 'DIRECTORY',
		completes: 'file',
		help: 'also serve the files of this directory; of a directory, its index.html, and never a list of its files',
	},
	{
		name: 'www-prefix',
		short: 'P',
		kind: 'string',
		default: '/static/',
		value: 'PREFIX',
		help: 'prefix of the files',
	},
	{
		name: 'accept-hosts',
		kind: 'string',
		default: defaultFilter.acceptHosts,
		value: 'REGEXPS',
		help: 'Host and Origin values to accept',
	},
	{
		name: 'accept-paths',
		kind: 'string',
		default: defaultFilter.acceptPaths,
		value: 'REGEXPS',
		help: 'paths to accept',
	},
	{
		name: 'reject-paths',
		kind: 'string',
		default: defaultFilter.rejectPaths,
		value: 'REGEXPS',
		help: 'paths to reject; even if --accept-paths matches; requests that run commands stay rejected unless you pass --disable-filter --allow-commands',
	},
	{
		name: 'reject-methods',
		kind: 'string',
		default: defaultFilter.rejectMethods,
		value: 'REGEXPS',
		help: 'methods to reject; for example POST,PUT,PATCH',
	},
	{
		name: 'disable-filter',
		kind: 'boolean',
		help: 'accept every request, also of other sites’ pages; every host, origin, path and method (XSRF); requests that run commands stay rejected',
	},
	{
		name: 'allow-commands',
		kind: 'boolean',
		help: 'with --disable-filter, also relay commands; exec, attach, port-forward and the kubelet’s run',
	},
	{
		name: 'append-server-path',
		kind: 'boolean',
		help: 'add the path of the server’s URL to each request; as the kubeconfig has it; otherwise a request must contain it',
	},
	{
		name: 'keepalive',
		kind: 'duration',
		default: 0,
		value: 'DURATION',
		help: 'TCP keep-alive interval of upgraded connections; to the apiserver; 0 means the system default',
	},
]);

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

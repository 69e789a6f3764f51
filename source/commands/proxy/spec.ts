/** `spoke proxy` as data. */
import {helpFlag, pathFlag, readOnlyFlag} from '../../command-line/common-flags.ts';
import {connectionFlags} from '../../command-line/connection-flags.ts';
import {defaultFilter, defaultPort} from '../../streams/proxy-listener/listener-defaults.ts';
import type {CommandSpec} from '../command.ts';

const flags = [
	{name: 'header', short: 'H', kind: 'texts', value: '"NAME: VALUE"', help: 'one request: a header; repeat for several'},
	{name: 'data', kind: 'string', value: 'TEXT', help: 'one request: the body'},
	{
		name: 'data-file',
		kind: 'string',
		value: 'FILE',
		completes: 'file',
		help: 'one request: a file as the body, sent as it is read; - is stdin',
	},
	{name: 'include', short: 'i', kind: 'boolean', help: 'one request: status and headers on stderr'},
	{name: 'no-fail', kind: 'boolean', help: 'one request: exit 0 whatever status the backend answers'},
	{
		name: 'websocket',
		kind: 'boolean',
		help: 'one request (get): upgrade to a WebSocket; a line of stdin is a message, binary where it is no UTF-8; a message is a line on stdout',
	},
	{name: 'protocol', kind: 'texts', value: 'NAME', help: 'with --websocket: a subprotocol to offer; repeat for several'},
	{name: 'port', short: 'p', kind: 'integer', default: defaultPort, value: 'PORT', help: 'listener: the port; 0 takes a free one'},
	{name: 'address', kind: 'string', default: '127.0.0.1', value: 'IP', help: 'listener: the address to listen on'},
	{
		name: 'unix-socket',
		short: 'u',
		kind: 'string',
		value: 'FILE',
		completes: 'file',
		help: 'listener: a Unix socket of mode 0600 in place of a port',
	},
	{name: 'api-prefix', kind: 'string', default: '/', value: 'PREFIX', help: 'listener: serve the API under this prefix'},
	{name: 'www', short: 'w', kind: 'string', value: 'FOLDER', completes: 'file', help: 'listener: also serve the files of this folder'},
	{name: 'www-prefix', short: 'P', kind: 'string', default: '/static/', value: 'PREFIX', help: 'listener: prefix of the files'},
	{
		name: 'accept-hosts',
		kind: 'string',
		default: defaultFilter.acceptHosts,
		value: 'REGEXPS',
		help: 'listener: Host and Origin that are accepted',
	},
	{name: 'accept-paths', kind: 'string', default: defaultFilter.acceptPaths, value: 'REGEXPS', help: 'listener: paths that are accepted'},
	{
		name: 'reject-paths',
		kind: 'string',
		default: defaultFilter.rejectPaths,
		value: 'REGEXPS',
		help: 'listener: paths that are refused, even when accepted; running commands is refused whatever they say',
	},
	{
		name: 'reject-methods',
		kind: 'string',
		default: defaultFilter.rejectMethods,
		value: 'REGEXPS',
		help: 'listener: methods that are refused (POST,PUT,PATCH)',
	},
	{
		name: 'disable-filter',
		kind: 'boolean',
		help: 'listener: accept every host, origin, path and method; pages of other sites can then use it too (XSRF). Running commands stays refused',
	},
	{
		name: 'allow-commands',
		kind: 'boolean',
		help: 'listener, with --disable-filter: also pass exec, attach, port-forward and the kubelet’s run',
	},
	{
		name: 'append-server-path',
		kind: 'boolean',
		help: 'listener: add the path of the kubeconfig’s server URL to each request; without it a request must have that path',
	},
	{
		name: 'keepalive',
		kind: 'duration',
		default: 0,
		value: 'DURATION',
		help: 'listener: TCP keep-alive of upgraded connections to the apiserver; 0 leaves it to the system',
	},
	readOnlyFlag,
	pathFlag,
	helpFlag,
	...connectionFlags,
] as const;

/** Flags that mean nothing to a listener, and those that mean nothing to one request. */
export const requestFlags = ['header', 'data', 'data-file', 'include', 'no-fail', 'websocket', 'protocol'] as const;
export const listenerFlags = [
	'port',
	'address',
	'unix-socket',
	'api-prefix',
	'www',
	'www-prefix',
	'accept-hosts',
	'accept-paths',
	'reject-paths',
	'reject-methods',
	'disable-filter',
	'allow-commands',
	'append-server-path',
	'keepalive',
] as const;

export const proxySpec = {
	name: 'proxy',
	summary: 'one request to a node, pod or service through the apiserver, or a local listener',
	usage: ['proxy get|head|post|put|patch|delete TARGET[/PATH] [flags]', 'proxy [--port PORT | --unix-socket FILE] [flags]'],
	about: [
		'TARGET is node/NAME, pod/NAME or svc/NAME, with http: or https: before the name and :PORT behind it.',
		'The apiserver reaches pods, services and other node ports by plain HTTP, or by https: without checking the certificate. Node without a port is its kubelet.',
		'Redirects are not followed. An answer of 400 or more is printed and gives status 1; failing to reach the backend is 11.',
		'The listener answers only to its own names in Host and Origin, and refuses to run commands (exec, attach, port-forward, the kubelet’s run) in any spelling, unless --disable-filter --allow-commands is given.',
	].join('\n'),
	examples: [
		['spoke proxy get svc/https:web:443/healthz', 'one request over unverified TLS to a pod of the service'],
		['spoke proxy post pod/web-5d:8080/items --data-file items.json -H "Content-Type: application/json"', 'a body from a file'],
		['spoke proxy get node/n1/metrics', 'the kubelet’s own port'],
		['spoke proxy --port 0', 'a local way to the API, on a free port'],
	],
	flags,
} as const satisfies CommandSpec<typeof flags>;

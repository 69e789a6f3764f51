/** The rooms of source/, what each contains, and what each can import. CONTRIBUTING.md's table is rendered from this. */
import {features} from './features.ts';

export type Room = {
	name: string;
	/** One noun phrase of at most ten words. */
	contains: string;
	/** Rooms, and for outer packages only those named in `packages`. */
	canImport: readonly string[];
	packages?: readonly string[];
	/** Folders of a room with many files, and what each contains. */
	folders?: Readonly<Record<string, string>>;
};

/** From the bottom up: a room can import only earlier rooms of this list, and of those only the ones that it names. */
export const rooms: readonly Room[] = [
	{name: 'errors', contains: 'Error type, error codes and exit statuses', canImport: []},
	{name: 'async', contains: 'Semaphore, event queue, back-off, delays and clock', canImport: []},
	{name: 'version', contains: 'Program version and User-Agent', canImport: []},
	{
		name: 'server-messages',
		contains: 'Known apiserver, tunnel, kubelet and runtime messages: speaker, leg, meaning, remedy',
		canImport: ['errors'],
	},
	{
		name: 'text',
		contains: 'Text formatting, terminal cell width and sanitizing of untrusted text',
		canImport: ['errors'],
		packages: ['string-width'],
	},
	{
		name: 'lines',
		contains: 'Level, fields and selection of log lines',
		canImport: ['errors', 'text'],
	},
	{
		name: 'command-line',
		contains: 'Flags, their parser, help, and files of settings',
		canImport: ['errors', 'text'],
		packages: ['yaml'],
	},
	{
		name: 'certificates',
		contains: 'CAs, and the certificates that they issue',
		canImport: [],
		packages: ['@peculiar/x509', 'reflect-metadata'],
	},
	{
		name: 'wire',
		contains: 'HTTP/1.1, WebSocket and SPDY/3.1 encoding (free of Kubernetes)',
		canImport: ['errors', 'async', 'own-process'],
		packages: ['ws'],
	},
	{
		name: 'cluster',
		contains: 'Kubeconfig, credentials, TLS and HTTP access to one apiserver',
		canImport: ['errors', 'async', 'version', 'text', 'server-messages', 'command-line', 'wire'],
		packages: ['yaml'],
		folders: {
			credentials: 'Client credentials and their renewal',
			kubeconfig: 'Kubeconfig loading, as client-go does it',
			tls: 'TLS handshakes and certificate verification',
			transport: 'Sockets, proxies and HTTP/1.1 requests',
		},
	},
	{
		name: 'targets',
		contains: 'Pod, container and port selection from what the user typed',
		canImport: ['errors', 'async', 'text', 'cluster', 'streams'],
	},
	{
		name: 'streams',
		contains: 'Logs, exec, attach, port-forward and proxy requests as typed events',
		canImport: ['errors', 'async', 'server-messages', 'text', 'wire', 'cluster', 'targets', 'version', 'own-process'],
		folders: {
			'node-logs': 'Logs of nodes, from their kubelets',
			'port-forward': 'Tunnels, local listeners and the move to the next pod',
			logs: 'Followed logs: resume, duplicate removal, gaps',
			proxy: 'Single requests through the apiserver proxy',
			'proxy-listener': 'Local API proxy: filter, relay, static files',
			copy: 'Copies from and to containers: requests, checksums, safe writes, resume',
			'remote-command': 'Exec and attach: channels, terminal size, exit status',
		},
	},
	{
		name: 'evidence',
		contains: 'Probes, evidence, rules and the path of each connection',
		canImport: ['errors', 'async', 'server-messages', 'version', 'text', 'cluster', 'targets', 'streams'],
		folders: {
			audit: 'Audit of the 17 documented communication paths',
			doctor: 'Step-by-step diagnosis of one target',
			'node-checks': 'Checks of the kubelets of all nodes',
			probes: 'Reads that produce observations',
			rules: 'Pure rules from observations to verdicts',
		},
	},
	{
		name: 'descriptions',
		contains: 'Events, verdicts and failures in words, as parts without layout',
		canImport: ['errors', 'text', 'server-messages', 'cluster', 'streams', 'evidence'],
	},
	{
		name: 'output',
		contains: 'What one-shot commands print: text, reports and JSON lines (a `Path` as `evidence` builds it)',
		canImport: ['errors', 'text', 'streams', 'evidence', 'targets', 'descriptions', 'version'],
	},
	{name: 'terminal', contains: 'Ownership and restoration of the terminal', canImport: ['errors', 'text']},
	{name: 'actions', contains: 'User actions and what each can change', canImport: ['errors']},
	{
		name: 'keymap',
		contains: 'Keymap files, key decoding and key lookup',
		canImport: ['errors', 'command-line', 'actions'],
		packages: ['yaml'],
	},
	{
		name: 'themes',
		contains: 'Theme files: roles, colors and their parser',
		canImport: ['errors', 'command-line'],
		packages: ['yaml'],
	},
	{
		name: 'policies',
		contains: 'Policy file: what the paths of streams must be',
		canImport: ['errors', 'command-line', 'evidence'],
		packages: ['yaml'],
	},
	{
		name: 'sandbox',
		contains: 'A small cluster in one process, on real sockets',
		canImport: ['errors', 'certificates', 'wire'],
		packages: ['ws', 'ssh2', 'yaml'],
		folders: {
			apiserver: 'Simulated apiserver: discovery, objects, authorization, proxy',
			certificates: 'Cluster CA, and client identities',
			containers: 'Container processes, their logs and a small shell',
			controllers: 'Workload and endpoint controllers',
			kubelet: 'Simulated kubelets: pods, logs, exec, attach, port-forward',
			network: 'Loopback addresses, fault injection and stream helpers',
			objects: 'Object store, watches and server-side tables',
			tunnels: 'Direct, Konnectivity, HTTP CONNECT and SSH routes',
		},
	},
	{
		name: 'commands',
		contains: 'One-shot commands and the start of the session',
		canImport: [
			'errors',
			'async',
			'version',
			'server-messages',
			'text',
			'lines',
			'command-line',
			'wire',
			'cluster',
			'targets',
			'streams',
			'evidence',
			'descriptions',
			'output',
			'terminal',
			'actions',
			'keymap',
			'themes',
			'policies',
			'session',
			'sandbox',
			'own-process',
		],
		packages: ['execa', 'yaml', '@modelcontextprotocol/server', '@modelcontextprotocol/server/stdio', 'zod'],
	},
	{
		name: 'session',
		contains: 'The interactive session',
		canImport: [
			'errors',
			'async',
			'version',
			'server-messages',
			'text',
			'lines',
			'command-line',
			'cluster',
			'targets',
			'streams',
			'evidence',
			'descriptions',
			'output',
			'terminal',
			'actions',
			'keymap',
			'themes',
			'policies',
			'sandbox',
			'own-process',
		],
		packages: ['ink', 'react', 'wrap-ansi', 'zustand', 'execa', 'yaml'],
		folders: Object.fromEntries(features.map(({name, contains}) => [name, contains])),
	},
	{name: 'own-process', contains: 'Process name, signal handling and V8 flags of spoke itself', canImport: []},
	{
		name: 'cli',
		contains: 'Command lookup, error output and exit status',
		canImport: ['errors', 'version', 'text', 'command-line', 'commands', 'own-process'],
	},
	{name: 'code-loader', contains: "Loader of the program's files, also of those in a single executable", canImport: []},
	{name: 'code-cache', contains: 'Compiled code, kept between runs', canImport: ['errors', 'code-loader']},
	{name: 'spoke', contains: 'Node version check and entry point', canImport: ['cli', 'code-cache', 'code-loader', 'own-process']},
];

/** Names that say nothing of what is inside. */
export const bannedNames = ['utils', 'util', 'helpers', 'helper', 'common', 'types', 'manager', 'misc', 'lib'];

/** Folders of test/ that have no twin in source/. */
export const testSuites = [
	'architecture',
	'bench',
	'docs',
	'faults',
	'mutation',
	'package',
	'peer',
	'real-cluster',
	'release',
	'soak',
	'support',
	'together',
	'worlds',
];

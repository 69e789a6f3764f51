/** The rooms of source/, what each contains, and what each may import. CONTRIBUTING.md's table is rendered from this. */
import {features} from './features.ts';

export type Room = {
	name: string;
	/** One noun phrase of at most ten words. */
	contains: string;
	/** Rooms, and for outer packages only those named in `packages`. */
	mayImport: readonly string[];
	packages?: readonly string[];
	/** Folders of a room with many files, and what each contains. */
	folders?: Readonly<Record<string, string>>;
};

/** From the bottom up: a room may import only earlier rooms of this list, and of those only the ones that it names. */
export const rooms: readonly Room[] = [
	{name: 'errors', contains: 'Error type, error codes and exit statuses', mayImport: []},
	{name: 'async', contains: 'Semaphore, event queue, back-off, delays and clock', mayImport: []},
	{name: 'version', contains: 'Program version and User-Agent', mayImport: []},
	{
		name: 'server-messages',
		contains: 'Known apiserver, tunnel, kubelet and runtime messages: speaker, leg, meaning, remedy',
		mayImport: ['errors'],
	},
	{
		name: 'text',
		contains: 'Text formatting, terminal cell width and sanitizing of untrusted text',
		mayImport: ['errors'],
		packages: ['string-width'],
	},
	{
		name: 'lines',
		contains: 'Level, fields and selection of log lines',
		mayImport: ['errors', 'text'],
	},
	{
		name: 'templates',
		contains: 'Go templates with the functions of stern',
		mayImport: ['text'],
	},
	{
		name: 'command-line',
		contains: 'Flags, their parser, help, and files of settings',
		mayImport: ['errors', 'text'],
		packages: ['yaml'],
	},
	{
		name: 'certificates',
		contains: 'CAs, and the certificates that they issue',
		mayImport: [],
		packages: ['@peculiar/x509', '@peculiar/asn1-schema', '@peculiar/asn1-x509', 'reflect-metadata'],
	},
	{
		name: 'local-tls',
		contains: 'Local CAs of the user, and the certificates of local listeners',
		mayImport: ['errors', 'command-line', 'certificates'],
	},
	{
		name: 'wire',
		contains: 'HTTP/1.1, WebSocket and SPDY/3.1 encoding (free of Kubernetes)',
		mayImport: ['errors', 'async', 'own-process'],
		packages: ['ws'],
	},
	{
		name: 'cluster',
		contains: 'Kubeconfig, credentials, TLS and HTTP access to one apiserver',
		mayImport: ['errors', 'async', 'version', 'text', 'server-messages', 'command-line', 'wire'],
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
		mayImport: ['errors', 'async', 'text', 'cluster', 'streams'],
	},
	{
		name: 'streams',
		contains: 'Logs, exec, attach, port-forward and proxy requests as typed events',
		mayImport: ['errors', 'async', 'server-messages', 'text', 'wire', 'cluster', 'targets', 'version', 'own-process'],
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
		mayImport: ['errors', 'async', 'server-messages', 'version', 'text', 'cluster', 'targets', 'streams'],
		folders: {
			audit: 'Audit of the 17 documented communication paths, and known vulnerabilities',
			doctor: 'Step-by-step diagnosis of one target',
			'node-checks': 'Checks of the kubelets of all nodes',
			probes: 'Reads that produce observations',
			rules: 'Pure rules from observations to verdicts',
		},
	},
	{
		name: 'transcripts',
		contains: 'Signed transcripts of remote commands: recording and checking',
		mayImport: ['errors', 'version', 'text', 'command-line', 'cluster'],
	},
	{
		name: 'descriptions',
		contains: 'Events, verdicts and failures in words, as parts without layout',
		mayImport: ['errors', 'text', 'server-messages', 'cluster', 'streams', 'evidence'],
	},
	{
		name: 'output',
		contains: 'What one-shot commands print: text, reports and JSON lines (a `Path` as `evidence` builds it)',
		mayImport: ['errors', 'text', 'streams', 'evidence', 'targets', 'descriptions', 'version'],
	},
	{name: 'terminal', contains: 'Ownership and restoration of the terminal', mayImport: ['errors', 'text']},
	{name: 'actions', contains: 'User actions and what each can change', mayImport: ['errors']},
	{
		name: 'keymap',
		contains: 'Keymap files, key decoding and key lookup',
		mayImport: ['errors', 'command-line', 'actions'],
		packages: ['yaml'],
	},
	{
		name: 'themes',
		contains: 'Theme files: roles, colors and their parser',
		mayImport: ['errors', 'command-line'],
		packages: ['yaml'],
	},
	{
		name: 'policies',
		contains: 'Policy file: what the paths of streams must be',
		mayImport: ['errors', 'command-line', 'evidence'],
		packages: ['yaml'],
	},
	{
		name: 'detached-forwards',
		contains: 'State, control sockets and processes of detached forwards',
		mayImport: ['errors', 'async', 'command-line'],
	},
	{
		name: 'sandbox',
		contains: 'A small cluster in one process, on real sockets',
		mayImport: ['errors', 'certificates', 'wire'],
		packages: ['ws', 'ssh2', 'yaml'],
		folders: {
			apiserver: 'Simulated apiserver: discovery, objects, authorization, proxy',
			certificates: 'Cluster CA, and client identities',
			containers: 'Container processes, their logs and a small shell',
			controllers: 'Workload, cron job and endpoint controllers',
			kubelet: 'Simulated kubelets: pods, logs, exec, attach, port-forward',
			network: 'Loopback addresses, fault injection and stream helpers',
			objects: 'Object store, watches and server-side tables',
			scenarios: 'Initial contents of a sandbox',
			tunnels: 'Direct, Konnectivity, HTTP CONNECT and SSH routes',
		},
	},
	{
		name: 'commands',
		contains: 'One-shot commands and the start of the session',
		mayImport: [
			'errors',
			'async',
			'version',
			'server-messages',
			'text',
			'lines',
			'templates',
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
			'detached-forwards',
			'transcripts',
			'local-tls',
			'session',
			'sandbox',
			'own-process',
		],
		packages: ['execa', 'yaml', '@modelcontextprotocol/server', '@modelcontextprotocol/server/stdio', 'zod'],
	},
	{
		name: 'session',
		contains: 'The interactive session',
		mayImport: [
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
			'transcripts',
			'local-tls',
			'sandbox',
			'own-process',
		],
		packages: ['ink', 'react', 'wrap-ansi', 'zustand', 'execa', 'yaml'],
		folders: Object.fromEntries(features.map(({name, contains}) => [name, contains])),
	},
	{name: 'own-process', contains: 'Process name, signal handling and V8 flags of spoke itself', mayImport: []},
	{
		name: 'cli',
		contains: 'Command lookup, error output and exit status',
		mayImport: ['errors', 'version', 'text', 'command-line', 'commands', 'own-process'],
	},
	{name: 'code-loader', contains: "Loader of the program's files, also of those in a single executable", mayImport: []},
	{name: 'code-cache', contains: 'Compiled code, kept between runs', mayImport: ['errors', 'code-loader']},
	{name: 'spoke', contains: 'Node version check and entry point', mayImport: ['cli', 'code-cache', 'code-loader', 'own-process']},
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
];

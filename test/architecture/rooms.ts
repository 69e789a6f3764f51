/** The rooms of source/: what each contains, imports and may weigh. CONTRIBUTING.md's table is rendered from this. */
import {features} from './features.ts';

export type Room = {
	name: string;
	/** One noun phrase of at most ten words. */
	contains: string;
	/** Earlier rooms of the list. */
	canImport: readonly string[];
	/** Outer packages that its code imports. */
	packages?: readonly string[];
	/** A change may lower these, never raise them, except that code that moves to another room takes its budget along. */
	budget: {lines: number; bytes: number; files: number};
	/** Folders, and what each contains. */
	folders?: Readonly<Record<string, string>>;
};

/** From the bottom up. */
export const rooms: readonly Room[] = [
	{
		name: 'base',
		contains: 'What is free of Kubernetes and of sockets',
		canImport: [],
		packages: ['string-width', 'yaml'],
		budget: {lines: 3395, bytes: 117_010, files: 25},
		folders: {
			async: 'Semaphore, event queue, back-off, delays and clock',
			'command-line': 'Flags, their parser, help, and files of settings',
			errors: 'Error type, error codes and exit statuses',
			lines: 'Level, fields and selection of log lines',
			terminal: 'Ownership and restoration of the terminal',
			text: 'Text formatting, terminal cell width and sanitizing of untrusted text',
		},
	},
	{
		name: 'wire',
		contains: 'HTTP/1.1, WebSocket and SPDY/3.1 encoding (free of Kubernetes)',
		canImport: ['base'],
		packages: ['ws'],
		budget: {lines: 2527, bytes: 77_133, files: 16},
	},
	{
		name: 'cluster',
		contains: 'Access to one apiserver, its objects and its messages',
		canImport: ['base', 'wire'],
		packages: ['yaml'],
		budget: {lines: 10_064, bytes: 358_789, files: 50},
		folders: {
			credentials: 'Client credentials and their renewal',
			kubeconfig: 'Kubeconfig loading, as client-go does it',
			'server-messages': 'Known apiserver, tunnel, kubelet and runtime messages: speaker, leg, meaning, remedy',
			targets: 'Pod, container and port selection from what the user typed',
			tls: 'TLS handshakes and certificate verification',
			transport: 'Sockets, proxies and HTTP/1.1 requests',
		},
	},
	{
		name: 'streams',
		contains: 'Logs, exec, attach, port-forward and proxy requests as typed events',
		canImport: ['base', 'wire', 'cluster'],
		budget: {lines: 11_989, bytes: 426_746, files: 57},
		folders: {
			copy: 'Copies from and to containers: requests, checksums, safe writes',
			logs: 'Logs: resume, duplicate removal, gaps, and those of nodes',
			'port-forward': 'Tunnels, local listeners and the move to the next pod',
			proxy: 'Single requests through the apiserver proxy',
			'proxy-listener': 'Local API proxy: filter and relay',
			'remote-command': 'Exec and attach: channels, terminal size, exit status',
		},
	},
	{
		name: 'evidence',
		contains: 'Probes, evidence, rules and the path of each connection',
		canImport: ['base', 'cluster', 'streams'],
		packages: ['yaml'],
		budget: {lines: 10_802, bytes: 465_830, files: 63},
		folders: {
			audit: 'Audit of the 17 documented communication paths',
			doctor: 'Step-by-step diagnosis of one target',
			'node-checks': 'Checks of the kubelets of all nodes',
			policies: 'Policy file: what the paths of streams must be',
			probes: 'Reads that produce observations',
			rules: 'Pure rules from observations to verdicts',
		},
	},
	{
		name: 'report',
		contains: 'Every word about an event or a path',
		canImport: ['base', 'cluster', 'streams', 'evidence'],
		budget: {lines: 2443, bytes: 102_070, files: 16},
		folders: {
			descriptions: 'Events, verdicts and failures in words, as parts without layout',
			output: 'What one-shot commands print: text, reports and JSON lines',
		},
	},
	{
		name: 'sandbox',
		contains: 'A small cluster in one process, on real sockets',
		canImport: ['base', 'wire'],
		packages: ['@peculiar/x509', 'reflect-metadata', 'ws', 'yaml'],
		budget: {lines: 6519, bytes: 241_149, files: 36},
		folders: {
			apiserver: 'Simulated apiserver: discovery, objects, authorization, proxy',
			certificates: 'CAs, and the certificates that they issue',
			containers: 'Container processes, their logs and a small shell',
			controllers: 'Workload and endpoint controllers',
			kubelet: 'Simulated kubelets: pods, logs, exec, attach, port-forward',
			network: 'Loopback addresses, fault injection and stream helpers',
			objects: 'Object store, watches and server-side tables',
			tunnels: 'Direct, Konnectivity, HTTP CONNECT and SSH routes',
		},
	},
	{
		name: 'session',
		contains: 'The interactive session, its keymaps, actions and themes',
		canImport: ['base', 'cluster', 'streams', 'evidence', 'report', 'sandbox'],
		packages: ['execa', 'ink', 'react', 'wrap-ansi', 'yaml', 'zustand'],
		budget: {lines: 25_582, bytes: 944_310, files: 114},
		folders: {
			...Object.fromEntries(features.map(({name, contains}) => [name, contains])),
			actions: 'User actions and what each can change',
			keymap: 'Keymap files, key decoding and key lookup',
			themes: 'Theme files: roles, colors and their parser',
		},
	},
	{
		name: 'commands',
		contains: 'One-shot commands and the start of the session',
		canImport: ['base', 'wire', 'cluster', 'streams', 'evidence', 'report', 'sandbox', 'session'],
		packages: ['@modelcontextprotocol/server', 'execa', 'yaml', 'zod'],
		budget: {lines: 9233, bytes: 376_905, files: 75},
	},
	{
		name: 'entry',
		contains: 'Command lookup, error output, exit status and compiled code',
		canImport: ['base', 'commands'],
		budget: {lines: 603, bytes: 20_931, files: 4},
	},
];

/** Folders of the session that its features and the commands share. */
export const sharedSessionFolders = ['actions', 'keymap', 'themes'];

/** Names that say nothing of what is inside. */
export const bannedNames = ['utils', 'util', 'helpers', 'helper', 'common', 'types', 'manager', 'misc', 'lib'];

/** Folders of test/ that have no twin in source/. */
export const testSuites = [
	'architecture',
	'bench',
	'cli',
	'docs',
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

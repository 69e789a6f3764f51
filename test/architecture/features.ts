/**
The features of source/session/, what each contains, and of which others it uses code. CONTRIBUTING.md's table is rendered from this.
*/

export type Feature = {
	name: string;
	/** One noun phrase of at most twelve words. */
	contains: string;
	/** Features whose code it imports; types can come from each. A list may only become shorter. */
	canImport: readonly string[];
};

/** Where code comes from that the state can import: what follows from an event. Types come from any room that the session can import. */
export const stateCanImport = [
	'base/errors/',
	'base/lines/',
	'base/text/',
	'cluster/',
	'streams/',
	'evidence/',
	'report/descriptions/',
	'session/',
];

/** What screens can import besides: how a state is drawn. */
export const screensCanImport = ['base/version.ts', 'report/output/'];

/** The frame puts the features together. */
export const features: readonly Feature[] = [
	{
		name: 'kit',
		contains: 'Theme, glyphs, styled lines and texts that several features draw with',
		canImport: [],
	},
	{
		name: 'lists',
		contains: 'Lists of objects: reading, columns, filter, sort, selection and preview',
		canImport: ['kit', 'tail', 'forwards', 'audit', 'why', 'text', 'shell', 'clusters', 'keys', 'frame'],
	},
	{
		name: 'tail',
		contains: 'Tails: log reading, line buffer, search, filter and export',
		canImport: ['kit', 'lists', 'shell', 'frame'],
	},
	{
		name: 'forwards',
		contains: 'Port forwards, saved sets and their view',
		canImport: ['kit', 'lists', 'tail', 'proxy', 'why', 'shell', 'dialogs', 'clusters', 'frame'],
	},
	{
		name: 'proxy',
		contains: 'Proxy requests, local API proxies and their view',
		canImport: ['kit', 'lists', 'forwards', 'why', 'text', 'dialogs', 'clusters', 'frame'],
	},
	{
		name: 'audit',
		contains: 'Audit view, diagram and saved reports',
		canImport: ['kit', 'lists', 'tail', 'text', 'frame'],
	},
	{
		name: 'why',
		contains: 'Why screen, doctor of one path and check of all kubelets',
		canImport: ['kit', 'lists', 'tail', 'forwards', 'proxy', 'text', 'clusters', 'frame'],
	},
	{
		name: 'text',
		contains: 'Details, YAML, help and other scrollable texts',
		canImport: ['kit', 'lists', 'tail', 'why', 'shell', 'frame'],
	},
	{
		name: 'shell',
		contains: 'Shells, their recordings, debug containers, copies, and lending of the terminal',
		canImport: ['kit', 'lists', 'tail', 'why', 'dialogs', 'clusters', 'keys', 'frame'],
	},
	{
		name: 'sandbox',
		contains: 'Switches of the sandbox and their view',
		canImport: ['kit', 'tail', 'frame'],
	},
	{
		name: 'dialogs',
		contains: 'Prompts, pickers, forms, palette and keys typed ahead',
		canImport: ['kit', 'lists', 'tail', 'forwards', 'proxy', 'why', 'text', 'shell', 'keys', 'frame'],
	},
	{
		name: 'clusters',
		contains: 'Open clusters, contexts, namespaces, permissions and reachability',
		canImport: ['kit', 'lists', 'frame'],
	},
	{
		name: 'keys',
		contains: 'From key or click to action, and why an action is disabled',
		canImport: ['lists', 'tail', 'dialogs', 'clusters', 'frame'],
	},
	{
		name: 'frame',
		contains: 'Store, session state, chrome, path and connections panes, terminal output',
		canImport: ['kit', 'lists', 'tail', 'forwards', 'proxy', 'audit', 'why', 'text', 'shell', 'sandbox', 'dialogs', 'clusters', 'keys'],
	},
];

/** The tree of key contexts. */

type ContextSpec = {
	parent: string | null;
	/** Inherits nothing. Unbound keys are text, or go to the remote program. */
	opaque?: true;
	title: string;
};

const tree = {
	global: {parent: null, title: 'everywhere'},
	connections: {parent: 'global', title: 'connections'},
	rows: {parent: 'global', title: 'rows and views'},
	list: {parent: 'rows', title: 'lists'},
	unreachable: {parent: 'rows', title: 'apiserver unreachable'},
	pods: {parent: 'list', title: 'pods'},
	workloads: {parent: 'list', title: 'workloads'},
	services: {parent: 'list', title: 'services'},
	nodes: {parent: 'list', title: 'nodes'},
	events: {parent: 'list', title: 'events'},
	forwards: {parent: 'rows', title: 'forwards'},
	proxy: {parent: 'rows', title: 'proxy'},
	audit: {parent: 'rows', title: 'audit'},
	sandbox: {parent: 'rows', title: 'sandbox'},
	text: {parent: 'global', title: 'texts'},
	why: {parent: 'text', title: 'why'},
	doctor: {parent: 'text', title: 'doctor'},
	details: {parent: 'text', title: 'details'},
	yaml: {parent: 'details', title: 'YAML'},
	'node-check': {parent: 'details', title: 'node check'},
	'audit-row': {parent: 'details', title: 'audit row'},
	tail: {parent: 'global', title: 'tail'},
	line: {parent: 'tail', title: 'line'},
	failed: {parent: 'tail', title: 'failed tail'},
	confirm: {parent: null, opaque: true, title: 'confirmation'},
	card: {parent: null, opaque: true, title: 'failure'},
	form: {parent: null, opaque: true, title: 'form'},
	picker: {parent: null, opaque: true, title: 'picker'},
	prompt: {parent: null, opaque: true, title: 'prompt'},
	ended: {parent: 'global', title: 'after exit'},
	terminal: {parent: null, opaque: true, title: 'remote shell'},
} as const satisfies Readonly<Record<string, ContextSpec>>;

export type Context = keyof typeof tree;

/** A context and its parents. */
export type ContextStack<Of extends Context> =
	Of | ((typeof tree)[Of]['parent'] extends infer Parent extends Context ? ContextStack<Parent> : never);

export const contexts: Readonly<Record<string, ContextSpec>> = tree;

export function contextStack(context: string): readonly Context[] {
	const stack: Context[] = [];
	for (let current: string | null = context; current !== null; current = contexts[current]?.parent ?? null) {
		stack.push(current as Context);
	}

	return stack;
}

/** Of the context itself, or else of its nearest parent. */
export function findNearest<Found>(context: string, find: (context: Context) => Found | undefined): Found | undefined {
	for (const one of contextStack(context)) {
		const found = find(one);
		if (found !== undefined) {
			return found;
		}
	}

	return undefined;
}

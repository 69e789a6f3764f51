/** The tree of key contexts. */

type ContextSpec = {
	parent: string | null;
	/** Inherits nothing. Unbound keys are text, or go to the remote program. */
	opaque?: true;
	title: string;
};

export const contexts: Readonly<Record<string, ContextSpec>> = {
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
};

export function contextStack(context: string): readonly string[] {
	const stack: string[] = [];
	for (let current: string | null = context; current !== null; current = contexts[current]?.parent ?? null) {
		stack.push(current);
	}

	return stack;
}

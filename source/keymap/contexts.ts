/** Where keys are looked up: a tree of contexts; an opaque one hides all that stands above it. */

type ContextRow = {
	parent: string | null;
	/** Nothing is inherited, and keys without a meaning here are text (or belong to the remote). */
	opaque?: true;
	/** Words for help. */
	title: string;
};

export const contexts: Readonly<Record<string, ContextRow>> = {
	global: {parent: null, title: 'everywhere'},
	connections: {parent: 'global', title: 'connections'},
	rows: {parent: 'global', title: 'rows and views'},
	list: {parent: 'rows', title: 'lists'},
	unreachable: {parent: 'rows', title: 'no answer'},
	pods: {parent: 'list', title: 'pods'},
	workloads: {parent: 'list', title: 'workloads'},
	services: {parent: 'list', title: 'services'},
	nodes: {parent: 'list', title: 'nodes'},
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
	line: {parent: 'tail', title: 'one line'},
	failed: {parent: 'tail', title: 'a tail that failed'},
	confirm: {parent: null, opaque: true, title: 'a question'},
	form: {parent: null, opaque: true, title: 'a form'},
	picker: {parent: null, opaque: true, title: 'a choice'},
	prompt: {parent: null, opaque: true, title: 'a typed line'},
	ended: {parent: 'global', title: 'after a shell'},
	terminal: {parent: null, opaque: true, title: 'a remote shell'},
};

/** The context and all that it inherits from, innermost first. */
export function contextStack(context: string): readonly string[] {
	const stack: string[] = [];
	for (let at: string | null = context; at !== null; at = contexts[at]?.parent ?? null) {
		stack.push(at);
	}

	return stack;
}

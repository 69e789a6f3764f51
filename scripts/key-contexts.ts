/** The contexts of docs/keys.md. */
import {contexts, type Context} from '../source/session/actions/contexts.ts';
import {code} from './markdown.ts';

const meanings: Readonly<Record<Context, string>> = {
	global: 'everywhere, except in dialogs and remote shells',
	connections: 'the pane of open connections',
	rows: 'every list and view',
	list: 'every list of objects',
	unreachable: 'a list whose apiserver is unreachable',
	pods: 'the list of pods',
	workloads: 'the list of workloads',
	services: 'the list of services',
	nodes: 'the list of nodes',
	events: 'the list of events',
	forwards: 'the view of forwards',
	proxy: 'the view of proxy requests',
	audit: 'the list of audit rows',
	sandbox: 'the switches of the sandbox',
	text: 'every screen with scrollable text',
	why: 'the why screen: evidence of the path',
	doctor: 'the doctor result',
	details: 'details, responses and other texts that can be searched',
	yaml: 'the YAML of an object',
	'node-check': 'the check of all kubelets',
	'audit-row': 'one row of the audit',
	tail: 'a tail',
	line: 'one line of a tail, with its fields',
	failed: 'a tail that failed',
	confirm: 'a confirmation dialog',
	card: 'a dialog that shows a failure',
	form: 'a form, for example of a forward',
	picker: 'a list to choose from, and the commands',
	prompt: 'a prompt for one line',
	ended: 'a screen after a remote command has ended',
	terminal: 'a remote shell',
};

/** Name, meaning and parent of each context. */
export function keyContexts(): ReadonlyArray<readonly string[]> {
	return (Object.keys(meanings) as Context[]).map(context => {
		const {parent} = contexts[context]!;
		return [code(context), meanings[context], parent === null ? '–' : code(parent)];
	});
}

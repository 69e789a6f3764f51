/** The actions of the session, in the order of help. */
import type {AccessClass} from './access.ts';
import {contextStack, findNearest, type Context} from './contexts.ts';

/** An action in a context. */
export type ActionSpec = {
	/** The name of the action in keymap files: a verb, or `GROUP.VERB`. It is the same in every context that has the action. */
	id: ActionId;
	/** Key context; its child contexts inherit the action. */
	context: Context;
	/** In the footer. */
	label: string;
	/** In help and the command palette. */
	title: string;
	/** Checked before the action; `screen` is always allowed. */
	access: Access;
	/** Position in the footer, from the left; 0: not in the footer. */
	footer: number;
	/** Replaces label and position while the action would undo what it did. */
	undo?: {label: string; footer: number};
};

type Access = AccessClass | 'screen';

/** `title` defaults to the label, `access` to `screen`. */
type Words = readonly [label: string, title?: string, access?: Access];

/** The words of actions that several contexts have, where a context has no words of its own. */
const shared = {
	'move.down': ['down'],
	'move.up': ['up'],
	'move.page-down': ['page down', 'a page down'],
	'move.page-up': ['page up', 'a page up'],
	'move.half-down': ['half down', 'half a page down'],
	'move.half-up': ['half up', 'half a page up'],
	'move.start': ['first'],
	'move.end': ['last'],
	'move.left': ['left', 'scroll left'],
	'move.right': ['right', 'scroll right'],
	'value.previous': ['previous', 'previous value'],
	'value.next': ['next', 'next value'],
	accept: ['accept'],
	cancel: ['cancel'],
	complete: ['complete'],
	erase: ['erase'],
	clear: ['clear'],
	search: ['search'],
	'search.next': ['next', 'next match'],
	'search.previous': ['previous', 'previous match'],
	filter: ['filter'],
	mark: ['mark'],
	wrap: ['wrap', 'wrap long lines'],
	json: ['JSON', 'formatted or raw JSON'],
	pager: ['pager', 'open in $PAGER'],
	stop: ['stop'],
	restart: ['restart', 'restart', 'listen'],
	retry: ['retry', 'retry', 'read'],
	refresh: ['refresh', 'refresh', 'read'],
	doctor: ['doctor', 'doctor', 'read'],
	test: ['test route', 'test the route (asks)', 'stream'],
	why: ['why', 'why this path', 'read'],
	logs: ['logs', 'logs of all its pods', 'stream'],
	shell: ['shell', 'shell', 'shell'],
	forward: ['forward', 'forward a port', 'listen'],
	proxy: ['proxy', 'proxy a request', 'read'],
} as const satisfies Readonly<Record<string, Words>>;

/** `footer` defaults to 0. */
type ActionTuple =
	| readonly [id: keyof typeof shared, footer?: number, label?: string, title?: string, access?: Access, undo?: ActionSpec['undo']]
	| readonly [id: string, footer: number, label: string, title?: string, access?: Access, undo?: ActionSpec['undo']];

const actions = {
	global: [
		['help.open', 99, 'help', 'this help'],
		['palette.open', 98, 'more', 'commands'],
		['why', 50],
		['view.zoom', 0, 'zoom', 'zoom the pane', 'screen', {label: 'end zoom', footer: 97}],
		['view.back', 90, 'back', 'go back'],
		['pane.next', 0, 'next pane'],
		['pane.previous', 0, 'previous pane'],
		['messages.open', 0, 'messages'],
		['app.quit', 0, 'quit', 'quit (may ask first)'],
		['app.suspend', 0, 'suspend'],
		['screen.redraw', 0, 'redraw'],
	],
	connections: [
		['move.down'],
		['move.up'],
		['open', 1, 'open', 'open its view'],
		['stop', 2],
		['restart', 3],
		['copy', 4, 'copy', 'copy the address'],
		['doctor', 5],
	],
	rows: [
		['move.down'],
		['move.up'],
		['move.page-down'],
		['move.page-up'],
		['move.half-down'],
		['move.half-up'],
		['move.start'],
		['move.end'],
		['open', 0, 'open', 'open: pods, containers'],
		['namespace.pick', 62, 'namespace'],
		['namespace.all', 0, 'all namespaces'],
		['context.pick', 63, 'context'],
		['view.pods', 0, 'pods'],
		['view.workloads', 0, 'workloads'],
		['view.services', 0, 'services'],
		['view.nodes', 0, 'nodes'],
		['view.forwards', 0, 'forwards'],
		['view.proxy', 0, 'proxy', 'proxy requests'],
		['view.audit', 0, 'audit'],
		['view.sandbox', 0, 'sandbox'],
		['view.events', 0, 'events'],
		['view.toggle-last', 0, 'last view', 'toggle last view'],
		['view.history-back', 0, 'history back', 'back in history'],
		['view.history-forward', 0, 'history forward', 'forward in history'],
	],
	list: [
		['list.details', 0, 'details', 'details', 'read'],
		['filter', 60],
		['list.problems', 66, 'problems', 'problems only'],
		['mark'],
		['list.sort', 61, 'sort', 'sort by a shown column'],
		['list.reverse', 0, 'reverse', 'reverse order'],
		['list.columns', 0, 'columns'],
		['copy', 0, 'copy', 'copy the name'],
		['list.yaml', 65, 'YAML', 'YAML of the object', 'read'],
		['retry', 0, 'retry', 'retry the context'],
	],
	unreachable: [
		['retry', 1, 'retry', 'retry the apiserver now'],
		['doctor', 2, 'doctor', 'doctor for leg 1'],
		['copy', 3, 'copy report', 'copy the report'],
	],
	pods: [
		['logs', 1, 'logs', 'follow logs'],
		['shell', 2],
		['attach', 3, 'attach', 'attach', 'shell'],
		['forward', 4],
		['proxy', 5],
		['doctor', 64],
		['debug', 0, 'debug', 'debug container', 'write'],
		['files', 0, 'copy files', 'copy files from or to it', 'shell'],
	],
	workloads: [
		['logs', 1],
		['shell', 2, 'shell', 'shell in one of its pods'],
		['forward', 3],
		['doctor', 4],
	],
	services: [
		['logs', 3],
		['forward', 1],
		['proxy', 2],
		['doctor', 4],
	],
	nodes: [
		['proxy', 1],
		['doctor', 2],
		['test', 3, 'check kubelets', 'check all kubelets (asks)'],
	],
	forwards: [
		['forward', 1, 'add', 'add a forward'],
		['stop', 2],
		['restart', 3],
		['edit', 4, 'edit', 'edit', 'listen'],
		['copy', 5, 'copy', 'copy the address'],
		['forwards.browse', 6, 'browser', 'open in the browser'],
		['save', 7, 'save set', 'save forwards as a set'],
		['forwards.open-set', 8, 'sets', 'start or stop a saved set', 'listen'],
		['doctor', 9],
	],
	proxy: [
		['edit', 1, 'edit', 'edit the request'],
		['proxy.method', 2, 'method', 'next method'],
		['proxy.resend', 3, 'resend', 'resend the request', 'read'],
		['stop', 4, 'stop', 'stop request or API proxy'],
		['proxy.listener', 5, 'API proxy', 'start/stop API proxy', 'listen'],
		['proxy.headers', 7, 'headers'],
		['json', 8, 'JSON raw', 'formatted or raw JSON'],
		['copy', 6, 'copy command', 'copy the command'],
	],
	audit: [
		['test', 1],
		['refresh', 2],
		['save', 3, 'save report', 'save the report'],
	],
	sandbox: [
		['value.previous', 1],
		['value.next', 2],
		['accept', 3, 'apply'],
		['sandbox.reset', 4, 'reset', 'reset all'],
	],
	text: [
		['move.down'],
		['move.up'],
		['move.page-down'],
		['move.page-up'],
		['move.start', 0, 'first', 'first line'],
		['move.end', 0, 'last', 'last line'],
		['move.left'],
		['move.right'],
		['wrap', 91],
	],
	why: [
		['test', 1],
		['copy', 2, 'copy evidence', 'copy the evidence'],
		['copy.fix', 3, 'copy fix', 'copy the fix'],
		['doctor', 4],
		['retry', 5],
	],
	doctor: [
		['refresh', 1, 'rerun'],
		['copy', 2, 'copy report', 'copy the report'],
		['copy.fix', 3, 'copy command', 'copy the command to run'],
	],
	details: [
		['search', 1],
		['search.next'],
		['search.previous'],
		['copy', 2, 'copy', 'copy the text'],
		['save', 3, 'save', 'save the text'],
		['pager', 4],
	],
	yaml: [['refresh', 5]],
	'node-check': [
		['refresh', 5, 'rerun', 'rerun (asks)'],
		['stop', 6, 'stop', 'stop the check'],
	],
	'audit-row': [['test', 5]],
	tail: [
		['move.down'],
		['move.up'],
		['move.left'],
		['move.right'],
		['move.page-down'],
		['move.page-up'],
		['move.half-down'],
		['move.half-up'],
		['move.start', 0, 'first', 'first line of the log'],
		['move.end', 0, 'end', 'end and follow'],
		['tail.pause', 8, 'pause', 'pause or resume'],
		['tail.background', 58, 'background', 'back; the tail stays open'],
		['search', 1, 'search', 'search, keeping all lines'],
		['search.next'],
		['search.previous'],
		['filter', 2, 'filter', 'filter: text or !text'],
		['tail.matches-only', 0, 'matches only', 'matches only or all lines'],
		['tail.more-context', 0, 'more context', 'more context lines'],
		['tail.less-context', 0, 'less context', 'fewer context lines'],
		['tail.next-error', 3, 'error', 'next error'],
		['tail.previous-error', 0, 'previous error'],
		['tail.level', 51, 'level', 'only this level and above'],
		['tail.next-mark', 0, 'next mark'],
		['tail.previous-mark', 0, 'previous mark'],
		['tail.next-gap', 0, 'next gap', 'next gap or notice'],
		['tail.previous-gap', 0, 'previous gap', 'previous gap or notice'],
		['mark', 53, 'mark', 'mark line'],
		['json', 4],
		['tail.fields', 52, 'fields', 'choose JSON fields'],
		['wrap', 5],
		['tail.timestamps', 54, 'time', 'times: clock, full, none'],
		['tail.names', 0, 'names', 'pods: short, full, none'],
		['tail.sources', 56, 'sources', 'choose pods, containers'],
		['tail.previous-log', 0, 'previous log'],
		['open', 0, 'open line', 'open the line'],
		['copy', 0, 'copy', 'copy line or marked lines'],
		['save', 55, 'save', 'save as shown'],
		['tail.plain', 0, 'plain', 'select text by mouse'],
		['pager'],
		['editor', 0, 'editor', 'open in $EDITOR'],
		['shell', 0, 'shell', 'shell in this container'],
		['doctor'],
		['tail.since-tail', 0, 'tail', 'log from last lines', 'stream'],
		['tail.since-head', 0, 'head', 'log from first line', 'stream'],
		['tail.since-1m', 0, '1m', 'log from 1 min ago', 'stream'],
		['tail.since-5m', 0, '5m', 'log from 5 min ago', 'stream'],
		['tail.since-15m', 0, '15m', 'log from 15 min ago', 'stream'],
		['tail.since-30m', 0, '30m', 'log from 30 min ago', 'stream'],
		['tail.since-1h', 0, '1h', 'log from 1 hour ago', 'stream'],
	],
	line: [
		['move.down', 0, 'down', 'next field'],
		['move.up', 0, 'up', 'previous field'],
		['copy', 1, 'copy', 'copy the field'],
		['line.add-field', 2, 'add field', 'show field in each line'],
		['view.back', 3, 'close'],
	],
	failed: [['retry', 1, 'retry', 'retry', 'stream']],
	confirm: [
		['confirm.yes', 1, 'yes'],
		['confirm.no', 2, 'no'],
	],
	card: [
		['doctor', 1],
		['retry', 2],
		['copy', 3, 'copy', 'copy the failure'],
		['why', 4, 'why', 'why'],
		['cancel', 5, 'close'],
	],
	form: [
		['accept', 1, 'start'],
		['move.down', 2, 'next field'],
		['move.up', 0, 'previous field'],
		['value.previous'],
		['value.next'],
		['erase'],
		['clear'],
		['copy', 0, 'copy script', 'copy as a script'],
		['cancel', 3, 'back'],
	],
	picker: [['move.down'], ['move.up'], ['accept', 1, 'choose'], ['complete', 2], ['erase'], ['clear'], ['cancel', 3, 'back']],
	prompt: [
		['accept', 1],
		['prompt.older', 3, 'history', 'previous history entry'],
		['prompt.newer', 0, 'newer', 'next history entry'],
		['complete', 2],
		['move.left', 0, 'left', 'left'],
		['move.right', 0, 'right', 'right'],
		['move.start', 0, 'start', 'start of the line'],
		['move.end', 0, 'end', 'end of the line'],
		['erase'],
		['prompt.delete-word', 0, 'delete word', 'delete the previous word'],
		['clear'],
		['prompt.regex', 4, 'regex', 'plain text or regex'],
		['cancel', 5],
	],
	ended: [['ended.new-shell', 1, 'new shell', 'new shell', 'shell']],
	terminal: [
		['terminal.leave', 1, 'leave', 'leave the shell'],
		['terminal.send-key', 2, 'send', 'send the key itself'],
		['terminal.path', 3, 'path', 'print the path line'],
	],
} as const satisfies Partial<Readonly<Record<Context, readonly ActionTuple[]>>>;

/** The actions that a context has itself, without those of its parents. */
export type ActionsOf<Of extends Context> = Of extends keyof typeof actions ? (typeof actions)[Of][number][0] : never;
export type ActionId = ActionsOf<Context>;

/** Ids are unique in a context. */
export const actionSpecs: readonly ActionSpec[] = (Object.keys(actions) as Array<keyof typeof actions>).flatMap(context =>
	(actions[context] as ReadonlyArray<ActionTuple & {readonly 0: ActionId}>).map(([id, footer = 0, ownLabel, ownTitle, ownAccess, undo]) => {
		const words: Partial<Readonly<Record<ActionId, Words>>> = shared;
		const [label = id, title = label, access = 'screen'] = words[id] ?? [];
		const own = {label: ownLabel ?? label, title: ownTitle ?? ownLabel ?? title, access: ownAccess ?? access};
		return {id, context, ...own, footer, ...(undo && {undo})};
	}),
);

const specs = new Map(actionSpecs.map(spec => [`${spec.context}/${spec.id}`, spec]));

/** The action as the context has it, itself or from the nearest parent. */
export function actionIn(context: string, id: string): ActionSpec | undefined {
	return findNearest(context, one => specs.get(`${one}/${id}`));
}

/** The actions that a context has, itself or from its parents; those of outer contexts first. */
export function actionsIn(context: string): readonly ActionSpec[] {
	const own = new Set(contextStack(context));
	return actionSpecs.filter(spec => own.has(spec.context) && actionIn(context, spec.id) === spec);
}

/** The action in the first context that has it. */
export function findAction(id: ActionId): ActionSpec {
	return actionSpecs.find(spec => spec.id === id)!;
}

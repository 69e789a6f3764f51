/** The actions of the session, in the order of help. */
import type {AccessClass} from './access.ts';

export type ActionSpec = {
	/** `GROUP.VERB`: the name of the action in keymap files. The group is not always the context (`list.down` in `rows`). */
	id: ActionId;
	/** Key context; its child contexts inherit the action. */
	context: string;
	/** In the footer. */
	label: string;
	/** In help and the command palette. */
	title: string;
	/** Checked before the action; `screen` is always allowed. */
	access: AccessClass | 'screen';
	/** Position in the footer, from the left; 0: not in the footer. */
	footer: number;
};

/** `footer` defaults to 0, `access` to `screen`. */
type ActionTuple = readonly [id: string, label: string, title: string, footer?: number, access?: ActionSpec['access']];

const actions = {
	global: [
		['help.open', 'help', 'this help', 99],
		['palette.open', 'more', 'commands', 98],
		['path.why', 'why', 'why this path', 50, 'read'],
		['view.zoom', 'zoom', 'zoom the pane'],
		['view.back', 'back', 'go back', 90],
		['pane.next', 'next pane', 'next pane'],
		['pane.previous', 'previous pane', 'previous pane'],
		['messages.open', 'messages', 'messages'],
		['app.quit', 'quit', 'quit (may ask first)'],
		['app.suspend', 'suspend', 'suspend'],
		['screen.redraw', 'redraw', 'redraw'],
	],
	connections: [
		['connections.down', 'down', 'down'],
		['connections.up', 'up', 'up'],
		['connections.open', 'open', 'open its view', 1],
		['connections.stop', 'stop', 'stop', 2],
		['connections.restart', 'restart', 'restart', 3, 'listen'],
		['connections.copy-address', 'copy', 'copy the address', 4],
		['connections.doctor', 'doctor', 'run doctor', 5, 'read'],
	],
	rows: [
		['list.down', 'down', 'down'],
		['list.up', 'up', 'up'],
		['list.page-down', 'page down', 'a page down'],
		['list.page-up', 'page up', 'a page up'],
		['list.half-down', 'half down', 'half a page down'],
		['list.half-up', 'half up', 'half a page up'],
		['list.top', 'first', 'first'],
		['list.bottom', 'last', 'last'],
		['list.open', 'open', 'open: pods, containers'],
		['namespace.pick', 'namespace', 'namespace', 62],
		['namespace.all', 'all namespaces', 'all namespaces'],
		['context.pick', 'context', 'context', 63],
		['view.pods', 'pods', 'pods'],
		['view.workloads', 'workloads', 'workloads'],
		['view.services', 'services', 'services'],
		['view.nodes', 'nodes', 'nodes'],
		['view.forwards', 'forwards', 'forwards'],
		['view.proxy', 'proxy', 'proxy requests'],
		['view.audit', 'audit', 'audit'],
		['view.sandbox', 'sandbox', 'sandbox'],
		['view.events', 'events', 'events'],
		['view.toggle-last', 'last view', 'toggle last view'],
		['view.history-back', 'history back', 'back in history'],
		['view.history-forward', 'history forward', 'forward in history'],
	],
	list: [
		['list.details', 'details', 'details', 0, 'read'],
		['list.filter', 'filter', 'filter', 60],
		['list.problems', 'problems', 'problems only', 66],
		['list.mark', 'mark', 'mark'],
		['list.sort', 'sort', 'sort', 61],
		['list.reverse', 'reverse', 'reverse order'],
		['list.columns', 'columns', 'columns'],
		['list.copy-name', 'copy', 'copy the name'],
		['list.yaml', 'YAML', 'YAML of the object', 65, 'read'],
	],
	unreachable: [
		['unreachable.retry', 'retry', 'retry the apiserver now', 1],
		['unreachable.doctor', 'doctor', 'doctor for leg 1', 2, 'read'],
		['unreachable.copy-report', 'copy report', 'copy the report', 3],
	],
	pods: [
		['pods.logs', 'logs', 'follow logs', 1, 'stream'],
		['pods.shell', 'shell', 'shell', 2, 'shell'],
		['pods.attach', 'attach', 'attach', 3, 'shell'],
		['pods.forward', 'forward', 'forward a port', 4, 'listen'],
		['pods.proxy', 'proxy', 'proxy a request', 5, 'read'],
		['pods.doctor', 'doctor', 'doctor', 64, 'read'],
		['pods.debug', 'debug', 'debug container', 0, 'write'],
	],
	workloads: [
		['workloads.logs', 'logs', 'logs of all its pods', 1, 'stream'],
		['workloads.shell', 'shell', 'shell in one of its pods', 2, 'shell'],
		['workloads.forward', 'forward', 'forward a port', 3, 'listen'],
		['workloads.doctor', 'doctor', 'doctor', 4, 'read'],
	],
	services: [
		['services.logs', 'logs', 'logs of all its pods', 3, 'stream'],
		['services.forward', 'forward', 'forward a port', 1, 'listen'],
		['services.proxy', 'proxy', 'proxy a request', 2, 'read'],
		['services.doctor', 'doctor', 'doctor', 4, 'read'],
	],
	nodes: [
		['nodes.proxy', 'proxy', 'proxy a request', 1, 'read'],
		['nodes.doctor', 'doctor', 'doctor', 2, 'read'],
	],
	forwards: [
		['forwards.add', 'add', 'add a forward', 1, 'listen'],
		['forwards.stop', 'stop', 'stop', 2],
		['forwards.restart', 'restart', 'restart', 3, 'listen'],
		['forwards.edit', 'edit', 'edit', 4, 'listen'],
		['forwards.copy-address', 'copy', 'copy the address', 5],
		['forwards.browse', 'browser', 'open in the browser', 6],
		['forwards.save-set', 'save set', 'save forwards as a set', 7],
		['forwards.open-set', 'sets', 'start or stop a saved set', 8, 'listen'],
		['forwards.doctor', 'doctor', 'doctor', 9, 'read'],
	],
	proxy: [
		['proxy.edit', 'edit', 'edit the request', 1],
		['proxy.method', 'method', 'next method', 2],
		['proxy.resend', 'resend', 'resend the request', 3, 'read'],
		['proxy.stop', 'stop', 'stop request or API proxy', 4],
		['proxy.listener', 'API proxy', 'start/stop API proxy', 5, 'listen'],
		['proxy.headers', 'headers', 'headers', 7],
		['proxy.json', 'JSON raw', 'formatted or raw JSON', 8],
		['proxy.copy-command', 'copy command', 'copy the command', 6],
	],
	audit: [
		['audit.test', 'test route', 'test the route (asks)', 1, 'stream'],
		['audit.refresh', 'refresh', 'refresh', 2, 'read'],
		['audit.save', 'save report', 'save the report', 3],
	],
	sandbox: [
		['sandbox.previous', 'previous', 'previous value', 1],
		['sandbox.next', 'next', 'next value', 2],
		['sandbox.apply', 'apply', 'apply', 3],
		['sandbox.reset', 'reset', 'reset all', 4],
	],
	text: [
		['text.down', 'down', 'down'],
		['text.up', 'up', 'up'],
		['text.page-down', 'page down', 'a page down'],
		['text.page-up', 'page up', 'a page up'],
		['text.top', 'first', 'first line'],
		['text.bottom', 'last', 'last line'],
		['text.left', 'left', 'scroll left'],
		['text.right', 'right', 'scroll right'],
		['text.wrap', 'wrap', 'wrap long lines', 91],
	],
	why: [
		['why.test', 'test route', 'test the route (asks)', 1, 'stream'],
		['why.copy-evidence', 'copy evidence', 'copy the evidence', 2],
		['why.copy-fix', 'copy fix', 'copy the fix', 3],
		['why.doctor', 'doctor', 'doctor', 4, 'read'],
		['why.retry', 'retry', 'retry', 5, 'read'],
	],
	doctor: [
		['doctor.rerun', 'rerun', 'rerun', 1, 'read'],
		['doctor.copy-report', 'copy report', 'copy the report', 2],
		['doctor.copy-command', 'copy command', 'copy the command to run', 3],
	],
	details: [
		['details.search', 'search', 'search', 1],
		['details.next-match', 'next', 'next match'],
		['details.previous-match', 'previous', 'previous match'],
		['details.copy', 'copy', 'copy the text', 2],
		['details.save', 'save', 'save the text', 3],
		['details.pager', 'pager', 'open in $PAGER', 4],
	],
	yaml: [['yaml.refresh', 'refresh', 'refresh', 5, 'read']],
	tail: [
		['tail.down', 'down', 'down'],
		['tail.up', 'up', 'up'],
		['tail.left', 'left', 'scroll left'],
		['tail.right', 'right', 'scroll right'],
		['tail.page-down', 'page down', 'a page down'],
		['tail.page-up', 'page up', 'a page up'],
		['tail.half-down', 'half down', 'half a page down'],
		['tail.half-up', 'half up', 'half a page up'],
		['tail.top', 'first', 'oldest line in memory'],
		['tail.follow', 'end', 'end and follow'],
		['tail.pause', 'pause', 'pause or resume', 8],
		['tail.background', 'background', 'back; the tail stays open', 58],
		['tail.search', 'search', 'search, keeping all lines', 1],
		['tail.next-match', 'next', 'next match'],
		['tail.previous-match', 'previous', 'previous match'],
		['tail.filter', 'filter', 'filter: text or !text', 2],
		['tail.matches-only', 'matches only', 'matches only or all lines'],
		['tail.more-context', 'more context', 'more context lines'],
		['tail.less-context', 'less context', 'fewer context lines'],
		['tail.next-error', 'error', 'next error', 3],
		['tail.previous-error', 'previous error', 'previous error'],
		['tail.level', 'level', 'only this level and above', 51],
		['tail.next-mark', 'next mark', 'next mark'],
		['tail.previous-mark', 'previous mark', 'previous mark'],
		['tail.next-gap', 'next gap', 'next gap or notice'],
		['tail.previous-gap', 'previous gap', 'previous gap or notice'],
		['tail.mark', 'mark', 'mark line', 53],
		['tail.json', 'JSON', 'formatted or raw JSON', 4],
		['tail.fields', 'fields', 'choose JSON fields', 52],
		['tail.wrap', 'wrap', 'wrap long lines', 5],
		['tail.timestamps', 'time', 'times: clock, full, none', 54],
		['tail.names', 'names', 'pods: short, full, none'],
		['tail.sources', 'sources', 'choose pods, containers', 56],
		['tail.previous-log', 'previous log', 'previous log'],
		['tail.open-line', 'open line', 'open the line'],
		['tail.copy', 'copy', 'copy line or marked lines'],
		['tail.save', 'save', 'save as shown', 55],
		['tail.plain', 'plain', 'select text by mouse'],
		['tail.pager', 'pager', 'open in $PAGER'],
		['tail.editor', 'editor', 'open in $EDITOR'],
		['tail.shell', 'shell', 'shell in this container', 0, 'shell'],
		['tail.doctor', 'doctor', 'doctor', 0, 'read'],
		['tail.since-tail', 'tail', 'log from last lines', 0, 'stream'],
		['tail.since-head', 'head', 'log from first line', 0, 'stream'],
		['tail.since-1m', '1m', 'log from 1 min ago', 0, 'stream'],
		['tail.since-5m', '5m', 'log from 5 min ago', 0, 'stream'],
		['tail.since-15m', '15m', 'log from 15 min ago', 0, 'stream'],
		['tail.since-30m', '30m', 'log from 30 min ago', 0, 'stream'],
		['tail.since-1h', '1h', 'log from 1 hour ago', 0, 'stream'],
	],
	line: [
		['line.down', 'down', 'next field'],
		['line.up', 'up', 'previous field'],
		['line.copy', 'copy', 'copy the field', 1],
		['line.add-field', 'add field', 'show field in each line', 2],
		['line.close', 'close', 'close', 3],
	],
	failed: [['failed.retry', 'retry', 'retry', 1, 'stream']],
	confirm: [
		['confirm.yes', 'yes', 'yes', 1],
		['confirm.no', 'no', 'no', 2],
	],
	card: [
		['card.doctor', 'doctor', 'doctor', 1],
		['card.retry', 'retry', 'retry', 2],
		['card.copy', 'copy', 'copy the failure', 3],
		['card.why', 'why', 'why', 4],
		['card.close', 'close', 'close', 5],
	],
	form: [
		['form.submit', 'start', 'start', 1],
		['form.next', 'next field', 'next field', 2],
		['form.previous', 'previous field', 'previous field'],
		['form.left', 'left', 'previous value'],
		['form.right', 'right', 'next value'],
		['form.erase', 'erase', 'erase'],
		['form.clear', 'clear', 'clear'],
		['form.copy-script', 'copy script', 'copy as a script'],
		['form.cancel', 'back', 'back', 3],
	],
	picker: [
		['picker.down', 'down', 'down'],
		['picker.up', 'up', 'up'],
		['picker.accept', 'choose', 'choose', 1],
		['picker.complete', 'complete', 'complete', 2],
		['picker.erase', 'erase', 'erase'],
		['picker.clear', 'clear', 'clear'],
		['picker.cancel', 'back', 'back', 3],
	],
	prompt: [
		['prompt.accept', 'accept', 'accept', 1],
		['prompt.older', 'history', 'previous history entry', 3],
		['prompt.newer', 'newer', 'next history entry'],
		['prompt.complete', 'complete', 'complete', 2],
		['prompt.left', 'left', 'left'],
		['prompt.right', 'right', 'right'],
		['prompt.start', 'start', 'start of the line'],
		['prompt.end', 'end', 'end of the line'],
		['prompt.erase', 'erase', 'erase'],
		['prompt.delete-word', 'delete word', 'delete the previous word'],
		['prompt.clear', 'clear', 'clear'],
		['prompt.regex', 'regex', 'plain text or regex', 4],
		['prompt.cancel', 'cancel', 'cancel', 5],
	],
	ended: [['ended.new-shell', 'new shell', 'new shell', 1, 'shell']],
	terminal: [
		['terminal.leave', 'leave', 'leave the shell', 1],
		['terminal.send-key', 'send', 'send the key itself', 2],
		['terminal.path', 'path', 'print the path line', 3],
	],
} as const satisfies Readonly<Record<string, readonly ActionTuple[]>>;

export type ActionId = (typeof actions)[keyof typeof actions][number][0];

type InContext<Context extends string> = Extract<ActionId, `${Context}.${string}`>;

/** Edit or answer the open dialog. */
export type DialogActionId = InContext<'prompt' | 'picker' | 'form' | 'confirm' | 'card'>;
/** Keys while or after a remote shell has the terminal. */
export type TerminalActionId = InContext<'terminal' | 'ended'>;

/** Ids are unique. */
export const actionSpecs: readonly ActionSpec[] = Object.entries(actions).flatMap(([context, tuples]) =>
	(tuples as ReadonlyArray<ActionTuple & {readonly 0: ActionId}>).map(([id, label, title, footer = 0, access = 'screen']) => ({
		id,
		context,
		label,
		title,
		footer,
		access,
	})),
);

const specsById = new Map<string, ActionSpec>(actionSpecs.map(spec => [spec.id, spec]));

export function findAction(id: string): ActionSpec | undefined {
	return specsById.get(id);
}

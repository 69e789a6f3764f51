/** Names of actions in keymap files of 0.1, which still work. */
import type {ActionId} from '../actions/action-table.ts';

/** The names of 0.1 by the name of today, which is the same in all contexts. */
const oldNames: Readonly<Partial<Record<ActionId, string>>> = {
	'move.down': 'connections.down list.down text.down tail.down line.down form.next picker.down',
	'move.up': 'connections.up list.up text.up tail.up line.up form.previous picker.up',
	'move.page-down': 'list.page-down text.page-down tail.page-down',
	'move.page-up': 'list.page-up text.page-up tail.page-up',
	'move.half-down': 'list.half-down tail.half-down',
	'move.half-up': 'list.half-up tail.half-up',
	'move.start': 'list.top text.top tail.top prompt.start',
	'move.end': 'list.bottom text.bottom tail.follow prompt.end',
	'move.left': 'text.left tail.left prompt.left',
	'move.right': 'text.right tail.right prompt.right',
	'value.previous': 'form.left sandbox.previous',
	'value.next': 'form.right sandbox.next',
	accept: 'prompt.accept picker.accept form.submit sandbox.apply',
	cancel: 'prompt.cancel picker.cancel form.cancel',
	complete: 'prompt.complete picker.complete',
	erase: 'prompt.erase picker.erase form.erase',
	clear: 'prompt.clear picker.clear form.clear',
	open: 'connections.open list.open tail.open-line',
	copy:
		'connections.copy-address list.copy-name unreachable.copy-report forwards.copy-address proxy.copy-command why.copy-evidence ' +
		'doctor.copy-report details.copy tail.copy line.copy form.copy-script',
	'copy.fix': 'why.copy-fix doctor.copy-command',
	save: 'forwards.save-set audit.save details.save tail.save',
	search: 'details.search tail.search',
	'search.next': 'details.next-match tail.next-match',
	'search.previous': 'details.previous-match tail.previous-match',
	filter: 'list.filter tail.filter',
	mark: 'list.mark tail.mark',
	wrap: 'text.wrap tail.wrap',
	json: 'proxy.json tail.json',
	pager: 'details.pager tail.pager',
	editor: 'tail.editor',
	edit: 'forwards.edit proxy.edit',
	stop: 'connections.stop forwards.stop proxy.stop',
	restart: 'connections.restart forwards.restart',
	retry: 'unreachable.again why.again failed.again',
	refresh: 'audit.again yaml.again doctor.again',
	doctor:
		'connections.doctor unreachable.doctor pods.doctor workloads.doctor services.doctor ' +
		'nodes.doctor forwards.doctor why.doctor tail.doctor',
	test: 'audit.test why.test',
	why: 'path.why',
	logs: 'pods.logs workloads.logs services.logs',
	shell: 'pods.shell workloads.shell tail.shell',
	attach: 'pods.attach',
	debug: 'pods.debug',
	forward: 'pods.forward workloads.forward services.forward forwards.add',
	proxy: 'pods.proxy services.proxy nodes.proxy',
	'proxy.resend': 'proxy.again',
	'view.back': 'line.close',
	'view.toggle-last': 'view.before',
	'view.history-back': 'view.earlier',
	'view.history-forward': 'view.later',
	'ended.new-shell': 'ended.again',
};

export const renamedActions: ReadonlyMap<string, string> = new Map(
	Object.entries(oldNames).flatMap(([name, old]) => old.split(' ').map(one => [one, name] as const)),
);

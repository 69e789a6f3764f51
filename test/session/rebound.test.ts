/** Every action bound to an unknown key. */
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {actionSpecs} from '../../source/actions/action-table.ts';
import {loadKeymap} from '../../source/keymap/load-keymap.ts';
import {openSandbox} from '../support/sandbox.ts';
import {openTerminal, type TestTerminal} from '../support/terminal.ts';

/** Neither bound in a shipped keymap nor text while typing. */
function strangeKey(index: number): string {
	const letters = 'abcdefghijklmnopqrstuvwxyz';
	return `f${5 + Math.floor(index / 676)} ${letters[Math.floor(index / 26) % 26]} ${letters[index % 26]}`;
}

const yaml = `contexts:\n${[...Map.groupBy(actionSpecs, row => row.context)].map(([context, rows]) => `  ${context}:\n${rows.map(row => `    ${row.id}: "${strangeKey(actionSpecs.indexOf(row))}"\n`).join('')}`).join('')}`;

/** [action, resulting screen]; `> text` is typed. */
type Step = readonly [string, RegExp];

const lists: readonly Step[] = [
	['list.down', /▸ api-\S+-\S+/],
	['list.up', /▸ api/],
	['list.bottom', /▸ web-/],
	['list.top', /▸ api/],
	['list.page-down', /▸ web-/],
	['list.page-up', /▸ api/],
	['list.half-down', /▸ (?!api)/],
	['list.half-up', /▸ api/],
	['list.mark', /◆/],
	['list.reverse', /NAME↓/],
	['list.reverse', /NAME /],
	['list.sort', /sorted by READY/],
	['list.columns', /STATUS/],
	['list.columns', /AGE/],
	['list.copy-name', /copied/],
	['view.workloads', /┤\S* ?\S* ?\S* ?Workloads/],
	['view.services', /ClusterIP/],
	['view.nodes', /v1\.36/],
	['view.pods', /Running/],
	['view.toggle-last', /v1\.36/],
	['view.toggle-last', /Running/],
	['view.history-back', /v1\.36/],
	['view.history-forward', /Running/],
	['namespace.all', /all namespaces/],
	['namespace.all', /› default[\s\S]*Running/],
	['list.open', /Details/],
	['details.copy', /copied the text/],
	['details.search', /^ \/▏/m],
	['> node', /\d match/],
	['prompt.accept', /match 1 of/],
	['details.next-match', /match \d+ of/],
	['details.previous-match', /match \d+ of/],
	['details.save', /save to/],
	['prompt.cancel', /Details/],
	['view.back', /Details├(?!.*match)/],
	['view.back', /Running/],
	['list.yaml', /YAML├[\s\S]*kind: Pod/],
	['text.down', /YAML├.*\n kind: Pod/],
	['text.up', /YAML├.*\n apiVersion: v1/],
	['text.page-down', /YAML├.*\n(?! apiVersion| kind)/],
	['text.page-up', /YAML├.*\n apiVersion: v1/],
	['text.bottom', /YAML├.*\n(?! apiVersion| kind)/],
	['text.top', /YAML├.*\n apiVersion: v1/],
	['yaml.refresh', /refreshed/],
	['view.back', /Running/],
	['help.open', /Help├ pods/],
	['help.open', /Running/],
	['messages.open', /Messages├/],
	['view.back', /Running/],
	['view.zoom', /^(?![\s\S]*─ Connections)[\s\S]*Running/],
	['view.zoom', /Connections/],
	['path.why', /Why├/],
	['why.copy-evidence', /copied the evidence/],
	['why.copy-fix', /copied the fix/],
	['why.retry', /Running/],
	['namespace.pick', /Namespace ─/],
	['picker.down', /▸ kube-node-lease/],
	['picker.up', /▸ default/],
	['> kube-pu', /│ kube-pu▏/],
	['picker.complete', /│ kube-public▏/],
	['picker.erase', /│ kube-publi▏/],
	['picker.clear', /│ ▏/],
	['picker.cancel', /Running/],
	['context.pick', /Context ─/],
	['picker.cancel', /Running/],
	['palette.open', /Commands ─/],
	['picker.cancel', /Running/],
	['pods.doctor', /no failures|stopped at/],
	['doctor.copy-report', /copied the report/],
	['doctor.rerun', /no failures|stopped at/],
	['view.back', /Running/],
	['view.audit', /BASIS +PROVEN/],
	['audit.refresh', /rows ·/],
	['view.proxy', /GET/],
	['proxy.method', /HEAD/],
	['proxy.edit', /HEAD svc\//],
	['prompt.cancel', /HEAD/],
	['proxy.listener', /Listener for the API/],
	['form.erase', /Port +\d{3}▏/],
	['form.erase', /Port +\d\d▏/],
	['form.erase', /Port +\d▏/],
	['form.erase', /Port +▏/],
	['> 0', /Port +0▏/],
	['form.submit', /listening on/],
	['proxy.stop', /Stop the listener/],
	['confirm.no', /▸ .*listener on/],
	['proxy.listener', /Stop the listener/],
	['confirm.yes', /stopped the listener/],
	['view.forwards', /No forwards/],
	['view.pods', /Running/],
];

const typing: readonly Step[] = [
	['list.filter', /^ \/▏/m],
	['> web x', /\/web x▏/],
	['prompt.delete-word', /\/web ▏/],
	['prompt.erase', /\/web▏/],
	['prompt.start', /\/▏web/],
	['prompt.right', /\/w▏eb/],
	['prompt.left', /\/▏web/],
	['prompt.end', /\/web▏/],
	['prompt.accept', /filter: web/],
	['list.filter', /\/web▏/],
	['prompt.clear', /^ \/▏/m],
	['prompt.older', /\/web▏/],
	['prompt.newer', /^ \/▏/m],
	['prompt.cancel', /filter: web/],
	['pods.forward', /Forward from/],
	['form.next', /Forward from/],
	['form.clear', /Local port +▏/],
	['form.previous', /Forward from/],
	['form.right', /https 8443/],
	['form.left', /http 8080/],
	['form.copy-script', /copied the command/],
	['form.submit', /forwards to web-/],
	['pane.next', /┤Connections 1├/],
	['connections.down', /┤Connections/],
	['connections.up', /┤Connections/],
	['connections.copy-address', /copied http/],
	['connections.open', /LOCAL/],
	['forwards.copy-address', /copied http/],
	['forwards.stop', /stopped by you/],
	['forwards.restart', /forwards to web-/],
	['forwards.save-set', /save set as default▏/],
	['prompt.accept', /saved 1 forward/],
	['forwards.open-set', /Saved forwards/],
	['picker.cancel', /LOCAL/],
	['view.pods', /Running/],
	['app.quit', /and quit\?/],
	['confirm.no', /filter: web/],
	['view.back', /api-/],
];

const tails: readonly Step[] = [
	['pods.logs', /Tail pod\/api/],
	['tail.up', /not following/],
	['tail.down', /not following/],
	['tail.follow', /following/],
	['tail.pause', /paused/],
	['tail.pause', /following/],
	['tail.search', /^ \/▏/m],
	['> msg', /matches/],
	['prompt.accept', /match \d/],
	['tail.next-match', /match/],
	['tail.previous-match', /match/],
	['tail.top', /server has no older lines/],
	['tail.page-down', /not following/],
	['tail.page-up', /not following/],
	['tail.half-down', /not following/],
	['tail.half-up', /not following/],
	['tail.right', /not following/],
	['tail.left', /not following/],
	['tail.filter', /^ &▏/m],
	['prompt.regex', /&~▏/],
	['prompt.cancel', /not following/],
	['tail.level', /only warn/],
	['tail.level', /only error/],
	['tail.level', /only info/],
	['tail.level', /all lines/],
	['tail.next-error', /not following/],
	['tail.previous-error', /not following[\s\S]*line (\d+) of (?!\1 )/],
	// The cursor would stay on the last line of a new log and hide the mark.
	['tail.top', /▸\S+ starting on/],
	['tail.mark', /◆/],
	['tail.previous-mark', /▸/],
	['tail.next-mark', /not following|no mark/],
	['tail.next-gap', /no gap, reconnect or restart below/],
	['tail.json', /fields: all/],
	['tail.wrap', /fields: all/],
	['tail.wrap', /fields: all/],
	['tail.timestamps', /T\d\d:\d\d:\d\d\.\d+Z/],
	['tail.timestamps', /not following/],
	['tail.timestamps', /not following/],
	['tail.names', /not following/],
	['tail.open-line', /Line \d+├.* close ─$/m],
	['line.down', /Line/],
	['line.up', /Line/],
	['line.copy', /copied/],
	['line.add-field', /fields: /],
	['line.close', /not following/],
	['tail.copy', /copied/],
	['tail.plain', /plain lines/],
	['tail.plain', /not following/],
	['tail.more-context', /not following/],
	['tail.less-context', /not following/],
	['tail.matches-only', /not following/],
	['tail.fields', /Fields ─/],
	['picker.cancel', /not following/],
	['tail.sources', /Pods and containers/],
	['picker.cancel', /not following/],
	['tail.save', /save to/],
	['prompt.cancel', /not following/],
	['tail.since-1m', /since 1m/],
	['tail.since-5m', /since 5m/],
	['tail.since-15m', /since 15m/],
	['tail.since-30m', /since 30m/],
	['tail.since-1h', /since 1h/],
	['tail.since-head', /from the first line/],
	['tail.since-tail', /(?<!not )following/],
	['tail.doctor', /Doctor├/],
	['view.back', /Tail pod\/api/],
	['view.back', /Running/],
];

/** Tested elsewhere, or not testable here. */
const elsewhere = new Map([
	['screen.redraw', 'redraw.test.ts writes over the screen first'],
	['app.suspend', 'stops the test’s own process group'],
	['view.sandbox', 'only on the program’s own sandbox'],
	['sandbox.previous', 'the same'],
	['sandbox.next', 'session.test.ts'],
	['sandbox.apply', 'session.test.ts'],
	['sandbox.reset', 'the same'],
	['pods.shell', 'session.test.ts'],
	['pods.attach', 'needs a terminal of its own'],
	['pods.debug', 'changes the pod'],
	['terminal.leave', 'session.test.ts'],
	['ended.new-shell', 'session.test.ts'],
	['terminal.send-key', 'leave-keys.test.ts'],
	['terminal.path', 'leave-keys.test.ts'],
	['tail.previous-gap', 'session.test.ts'],
	['tail.shell', 'as pods.shell'],
	['workloads.shell', 'as pods.shell'],
	['tail.pager', 'session.test.ts'],
	['details.pager', 'yaml.test.ts'],
	['tail.editor', 'as the pager'],
	['forwards.browse', 'starts a browser'],
	['audit.test', 'opens tunnels after a question'],
	['why.test', 'the same'],
	['tail.previous-log', 'no container before this one'],
	['pods.proxy', 'as proxy.edit'],
	['services.proxy', 'the same'],
	['nodes.proxy', 'the same'],
	['workloads.logs', 'as pods.logs'],
	['services.logs', 'the same'],
	['workloads.forward', 'as pods.forward'],
	['services.forward', 'the same'],
	['workloads.doctor', 'as pods.doctor'],
	['services.doctor', 'the same'],
	['nodes.doctor', 'the same'],
	['why.doctor', 'the same'],
	['forwards.doctor', 'the same'],
	['connections.doctor', 'the same'],
	['connections.stop', 'as forwards.stop'],
	['connections.restart', 'as forwards.restart'],
	['forwards.add', 'types a target'],
	['forwards.edit', 'the form'],
	['audit.save', 'writes a file'],
	['doctor.copy-command', 'no failures'],
	['proxy.resend', 'session.test.ts sends'],
	['proxy.headers', 'the same'],
	['proxy.json', 'the same'],
	['proxy.copy-command', 'the same'],
	['picker.accept', 'session.test.ts'],
	['form.cancel', 'overlay.test.ts'],
	['prompt.complete', 'overlay.test.ts'],
	['pane.previous', 'as pane.next'],
	['text.wrap', 'yaml.test.ts'],
	['text.left', 'the same'],
	['text.right', 'the same'],
	['failed.retry', 'session-texts.test.ts'],
	['unreachable.retry', 'unreachable.test.ts'],
	['unreachable.doctor', 'the same'],
	['unreachable.copy-report', 'the same'],
]);

test('every action has a rebound key in this test or a reason why not', t => {
	const driven = new Set([...lists, ...typing, ...tails].map(([action]) => action));
	t.deepEqual(
		actionSpecs.map(row => row.id).filter(id => !driven.has(id) && !elsewhere.has(id)),
		[],
	);
	t.deepEqual(
		[...driven].filter(id => elsewhere.has(id)),
		[],
	);
});

for (const [title, steps] of [
	['lists and screens', lists],
	['typed lines, forms and forwards', typing],
	['tails', tails],
] as const) {
	test(`rebound: ${title} perform their actions`, async t => {
		const terminal = await reboundSession(t);
		for (const [action, shows] of steps) {
			if (action.startsWith('> ')) {
				terminal.type(action.slice(2));
			} else {
				terminal.press(action);
			}

			try {
				await terminal.sees(shows);
			} catch (error) {
				throw new Error(`after ${action}: ${(error as Error).message}`, {cause: error});
			}
		}
	});
}

async function reboundSession(t: ExecutionContext): Promise<TestTerminal> {
	const home = await mkdtemp(join(tmpdir(), 'spoke-home-'));
	t.teardown(async () => rm(home, {recursive: true, force: true}));
	const file = join(home, 'strange.yaml');
	await writeFile(file, yaml);
	const {keymap, problems} = await loadKeymap({}, file);
	t.deepEqual(problems, []);
	const {kubeconfigFile} = await openSandbox(t);
	const terminal = await openTerminal(t, ['--keymap', file, '--kubeconfig', kubeconfigFile], {home, keymap, columns: 140, rows: 40});
	await terminal.sees(/unverified +proven[\s\S]*web-\w+|web-\w[\s\S]*unverified +proven/);
	return terminal;
}

/** Every action bound to an unknown key. */
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {actionSpecs} from '../../../source/actions/action-table.ts';
import {loadKeymap} from '../../../source/keymap/load-keymap.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {openTerminal, type TestTerminal} from '../../support/terminal.ts';

/** Neither bound in a shipped keymap nor text while typing. */
function strangeKey(index: number): string {
	const letters = 'abcdefghijklmnopqrstuvwxyz';
	return `f${5 + Math.floor(index / 676)} ${letters[Math.floor(index / 26) % 26]} ${letters[index % 26]}`;
}

const yaml = `contexts:\n${[...Map.groupBy(actionSpecs, row => row.context)].map(([context, rows]) => `  ${context}:\n${rows.map(row => `    ${row.id}: "${strangeKey(actionSpecs.indexOf(row))}"\n`).join('')}`).join('')}`;

/** [action, resulting screen, maybe derived from the one before]; `> text` is typed. */
type Step = readonly [string, RegExp | ((before: string) => RegExp)];

const lists: readonly Step[] = [
	['list.problems', /problems only/],
	['list.problems', /Running/],
	['list.reverse', /NAME↓/],
	['list.reverse', /▸ api/],
	['list.down', /▸ api-\S+-\S+/],
	['list.up', /▸ api/],
	['list.bottom', /▸ web-/],
	['list.top', /▸ api/],
	['list.page-down', /▸ web-/],
	['list.page-up', /▸ api/],
	['list.half-down', /▸ (?!api)/],
	['list.half-up', /▸ api/],
	['list.mark', /◆/],
	['list.sort', /sorted by READY/],
	['list.columns', /STATUS/],
	['list.columns', /AGE/],
	['list.copy-name', /copied/],
	['view.workloads', /┤\S* ?\S* ?\S* ?Workloads/],
	['view.services', /ClusterIP/],
	['view.nodes', /v1\.36/],
	['view.events', /REASON/],
	['view.pods', /Running/],
	['view.toggle-last', /v1\.36/],
	['view.toggle-last', /Running/],
	['view.history-back', /v1\.36/],
	['view.history-forward', /Running/],
	['namespace.all', /all namespaces/],
	['namespace.all', /› default[\s\S]*Running/],
	['list.open', /Containers of/],
	['picker.cancel', /Running/],
	['list.details', /Details/],
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
	['audit.refresh', /all \d+ rows: /],
	['view.proxy', /GET/],
	['proxy.method', /HEAD/],
	['proxy.edit', /HEAD svc\//],
	['prompt.cancel', /HEAD/],
	['proxy.listener', /Local API proxy for/],
	['form.erase', /Port +\d{3}▏/],
	['form.erase', /Port +\d\d▏/],
	['form.erase', /Port +\d▏/],
	['form.erase', /Port +▏/],
	['> 0', /Port +0▏/],
	['form.submit', /local API proxy at/],
	['proxy.stop', /Stop the local API proxy/],
	['confirm.no', /▸ .*API proxy on/],
	['proxy.listener', /Stop the local API proxy/],
	['confirm.yes', /stopped the local API proxy/],
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

/** The number of the selected line, which the footer shows during a search. */
const lineNumber = (screen: string) => Number(/ line (\d+) of /.exec(screen)?.[1]);
const without = (gone: string, shown: string) => new RegExp(`^(?![\\s\\S]*${gone})[\\s\\S]*${shown}`);

const tails: readonly Step[] = [
	['list.reverse', /NAME↓/],
	['list.reverse', /▸ api/],
	['pods.logs', /Tail pod\/api[\s\S]*(?:\n \d\d:.*){6}/],
	['tail.up', /─ not following\b[\s\S]*^▸\d\d:/m],
	['tail.down', before => new RegExp(`^▸(?!${/^▸(.{120})/m.exec(before)![1]!.replaceAll(/\W/g, '\\$&')})\\d\\d:`, 'm')],
	['tail.follow', /─ following\b/],
	['tail.pause', /─ paused\b/],
	['tail.pause', /─ following\b/],
	['tail.search', /^ \/▏/m],
	['> msg', /\d matches/],
	['prompt.accept', without('msg▏', 'match \\d+ of')],
	['tail.previous-match', before => new RegExp(` line ${lineNumber(before) - 1} of`)],
	['tail.next-match', before => new RegExp(` line ${lineNumber(before) + 1} of`)],
	['tail.top', /server has no older lines[\s\S]*▸\S+ starting on/],
	['tail.page-down', / line (?!1 )\d+ of/],
	['tail.page-up', / line 1 of/],
	['tail.half-down', / line (?!1 )\d+ of/],
	['tail.half-up', / line 1 of/],
	['tail.right', /^▸(?!\d\d:)/m],
	['tail.left', /^▸\d\d:/m],
	['tail.filter', /^ &▏/m],
	['prompt.regex', /&~▏/],
	['prompt.cancel', without('&~?▏', ' line 1 of')],
	['> ', /[2-9] errors/],
	['tail.level', /only warn/],
	['tail.level', /only error/],
	['tail.more-context', /^▸.*upstream.*\n.*request served/m],
	['tail.less-context', /^▸.*upstream.*\n(?!.*request served)/m],
	['tail.level', /only info/],
	['tail.level', /all lines/],
	['tail.top', / line 1 of/],
	['tail.next-error', /^▸\S+ error /m],
	['tail.next-error', before => new RegExp(`^▸\\S+ error [\\s\\S]* line (?!${lineNumber(before)} )\\d+ of`, 'm')],
	['tail.previous-error', before => new RegExp(`^▸\\S+ error [\\s\\S]* line (?!${lineNumber(before)} )\\d+ of`, 'm')],
	['tail.top', /▸\S+ starting on/],
	['tail.mark', /^◆[\s\S]* line 2 of/m],
	['tail.mark', /^◆.*\n◆[\s\S]* line 3 of/m],
	['tail.previous-mark', / line 2 of/],
	['tail.previous-mark', / line 1 of/],
	['tail.next-mark', / line 2 of/],
	['tail.next-gap', /no gap, reconnect or restart below/],
	['tail.json', /^◆\S+ \{/m],
	['tail.wrap', /^◆\S+ \{.*\n (?!\d\d:)/m],
	['tail.wrap', /^◆\S+ \{.*\n \d\d:/m],
	['tail.json', /fields: all/],
	['tail.timestamps', /^◆\d{4}-\d\d-\d\dT\S+Z info/m],
	['tail.timestamps', /^◆info/m],
	['tail.timestamps', /^◆\d\d:\d\d:\d\d\.\d+ info/m],
	['tail.open-line', /Line 2├.* close ─$/m],
	['line.down', /^ ▸ level:/m],
	['line.up', /^ ▸ time:/m],
	['line.copy', /copied time/],
	['line.add-field', /fields: time/],
	['line.close', without('Line 2├', 'not following')],
	['tail.copy', /copied 2 lines/],
	['tail.plain', /undecorated lines/],
	['tail.plain', /^[▸◆]\d\d:/m],
	['tail.matches-only', without('starting on', '\\d match msg')],
	['tail.fields', /Fields ─/],
	['picker.cancel', without('Fields ─', 'not following')],
	['tail.sources', /Pods and containers/],
	['picker.cancel', without('Pods and containers', 'not following')],
	['tail.save', /save to/],
	['prompt.cancel', without('save to', 'not following')],
	['tail.since-1m', /since 1m/],
	['tail.since-5m', /since 5m/],
	['tail.since-15m', /since 15m/],
	['tail.since-30m', /since 30m/],
	['tail.since-1h', /since 1h/],
	['tail.since-head', /from the first line/],
	['tail.since-tail', without('from the first line', '─ following\\b')],
	['tail.doctor', /Doctor├/],
	['view.back', /Tail pod\/api/],
	['tail.background', /logs +pod\/api/],
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
	['tail.names', 'tail-keys.test.ts; nothing to name in the tail of one pod'],
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
	['card.doctor', 'as pods.doctor'],
	['card.retry', 'failure-card.test.ts'],
	['card.copy', 'failure-card.test.ts'],
	['card.why', 'failure-card.test.ts'],
	['card.close', 'failure-card.test.ts'],
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
			const pattern = typeof shows === 'function' ? shows(terminal.text()) : shows;
			if (action.startsWith('> ')) {
				terminal.type(action.slice(2));
			} else {
				terminal.press(action);
			}

			try {
				await terminal.sees(pattern);
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
	await terminal.sees(/web-\w[\s\S]*does not check who answers/);
	return terminal;
}

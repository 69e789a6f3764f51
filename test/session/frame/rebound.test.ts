/** Every action bound to an unknown key. */
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {actionSpecs} from '../../../source/session/actions/action-table.ts';
import {loadKeymap} from '../../../source/session/keymap/load-keymap.ts';
import {openSession} from '../../support/open-session.ts';
import {openSandbox} from '../../support/sandbox.ts';
import {temporaryDirectory} from '../../support/temporary-directory.ts';
import type {PressedAction, TestScreen} from '../../support/test-screen.ts';

/** Neither bound in a shipped keymap nor text while typing. */
function strangeKey(index: number): string {
	const letters = 'abcdefghijklmnopqrstuvwxyz';
	return `f${5 + Math.floor(index / 676)} ${letters[Math.floor(index / 26) % 26]} ${letters[index % 26]}`;
}

const yaml = `contexts:\n${[...Map.groupBy(actionSpecs, row => row.context)].map(([context, rows]) => `  ${context}:\n${rows.map(row => `    ${row.id}: "${strangeKey(actionSpecs.indexOf(row))}"\n`).join('')}`).join('')}`;

/** [action, resulting screen, maybe derived from the one before]; `> text` is typed. */
type Step = readonly [string, RegExp | ((before: string) => RegExp)];

const lists: readonly Step[] = [
	['list/list.problems', /problems only/],
	['list/list.problems', /Running/],
	['list/list.reverse', /NAME↓/],
	['list/list.reverse', /▸ api/],
	['rows/move.down', /▸ api-\S+-\S+/],
	['rows/move.up', /▸ api/],
	['rows/move.end', /▸ web-/],
	['rows/move.start', /▸ api/],
	['rows/move.page-down', /▸ web-/],
	['rows/move.page-up', /▸ api/],
	['rows/move.half-down', /▸ (?!api)/],
	['rows/move.half-up', /▸ api/],
	['list/mark', /◆/],
	['list/list.sort', /sorted by READY/],
	['list/list.columns', /STATUS/],
	['list/list.columns', /AGE/],
	['list/copy', /copied/],
	['rows/view.workloads', /┤\S* ?\S* ?\S* ?Workloads/],
	['rows/view.services', /ClusterIP/],
	['rows/view.nodes', /v1\.36/],
	['rows/view.events', /REASON/],
	['rows/view.pods', /Running/],
	['rows/view.toggle-last', /v1\.36/],
	['rows/view.toggle-last', /Running/],
	['rows/view.history-back', /v1\.36/],
	['rows/view.history-forward', /Running/],
	['rows/namespace.all', /all namespaces/],
	['rows/namespace.all', /› default[\s\S]*Running/],
	['rows/open', /Containers of/],
	['picker/cancel', /Running/],
	['list/list.details', /Details/],
	['details/copy', /copied the text/],
	['details/search', /^ \/▏/m],
	['> node', /\d match/],
	['prompt/accept', /match 1 of/],
	['details/search.next', /match \d+ of/],
	['details/search.previous', /match \d+ of/],
	['details/save', /save to/],
	['prompt/cancel', /Details/],
	['global/view.back', /Details├(?!.*match)/],
	['global/view.back', /Running/],
	['list/list.yaml', /YAML├[\s\S]*kind: Pod/],
	['text/move.down', /YAML├.*\n kind: Pod/],
	['text/move.up', /YAML├.*\n apiVersion: v1/],
	['text/move.page-down', /YAML├.*\n(?! apiVersion| kind)/],
	['text/move.page-up', /YAML├.*\n apiVersion: v1/],
	['text/move.end', /YAML├.*\n(?! apiVersion| kind)/],
	['text/move.start', /YAML├.*\n apiVersion: v1/],
	['yaml/refresh', /refreshed/],
	['global/view.back', /Running/],
	['global/help.open', /Help├ pods/],
	['global/help.open', /Running/],
	['global/messages.open', /Messages├/],
	['global/view.back', /Running/],
	['global/view.zoom', /^(?![\s\S]*── \w+-)[\s\S]*Running/],
	['global/view.zoom', /── \w+-/],
	['global/why', /Why├/],
	['why/copy', /copied the evidence/],
	['why/copy.fix', /copied the fix/],
	['why/retry', /Running/],
	['rows/namespace.pick', /Namespace ─/],
	['picker/move.down', /▸ kube-node-lease/],
	['picker/move.up', /▸ default/],
	['> kube-pu', /│ kube-pu▏/],
	['picker/complete', /│ kube-public▏/],
	['picker/erase', /│ kube-publi▏/],
	['picker/clear', /│ ▏/],
	['picker/cancel', /Running/],
	['rows/context.pick', /Context ─/],
	['picker/cancel', /Running/],
	['global/palette.open', /Commands ─/],
	['picker/cancel', /Running/],
	['pods/doctor', /no failures|stopped at|every leg responds/],
	['doctor/copy', /copied the report/],
	['doctor/refresh', /no failures|stopped at|every leg responds/],
	['global/view.back', /Running/],
	['rows/view.audit', /CHECK +VERDICT/],
	['audit/refresh', /all \d+ rows: /],
	['rows/view.proxy', /GET/],
	['proxy/edit', /GET ▏/],
	['prompt/clear', /GET ▏/],
	['> node/n1/configz', /configz▏/],
	['prompt/accept', /\{\n +"kubeletconfig": /],
	['proxy/proxy.resend', / 200 [\s\S]* 200 [\s\S]*\{\n +"kubeletconfig": /],
	['proxy/json', /\{"kubeletconfig":/],
	['proxy/proxy.headers', /content-type: +application\/json/i],
	['proxy/copy', /copied/],
	['proxy/proxy.method', /HEAD/],
	['proxy/edit', /HEAD node\//],
	['prompt/cancel', /HEAD/],
	['proxy/proxy.listener', /Local API proxy for/],
	['form/erase', /Port +\d{3}▏/],
	['form/erase', /Port +\d\d▏/],
	['form/erase', /Port +\d▏/],
	['form/erase', /Port +▏/],
	['> 0', /Port +0▏/],
	['form/accept', /local API proxy at/],
	['proxy/stop', /Stop the local API proxy/],
	['confirm/confirm.no', /▸ .*API proxy on/],
	['proxy/proxy.listener', /Stop the local API proxy/],
	['confirm/confirm.yes', /stopped the local API proxy/],
	['rows/view.forwards', /No forwards/],
	['rows/view.pods', /Running/],
];

const typing: readonly Step[] = [
	['list/filter', /^ \/▏/m],
	['> web x', /\/web x▏/],
	['prompt/prompt.delete-word', /\/web ▏/],
	['prompt/erase', /\/web▏/],
	['prompt/move.start', /\/▏web/],
	['prompt/move.right', /\/w▏eb/],
	['prompt/move.left', /\/▏web/],
	['prompt/move.end', /\/web▏/],
	['prompt/accept', /filter: web/],
	['list/filter', /\/web▏/],
	['prompt/clear', /^ \/▏/m],
	['prompt/prompt.older', /\/web▏/],
	['prompt/prompt.newer', /^ \/▏/m],
	['prompt/cancel', /filter: web/],
	['pods/forward', /Forward from/],
	['form/move.down', /Forward from/],
	['form/clear', /Local port +▏/],
	['form/move.up', /Forward from/],
	['form/value.next', /https 8443/],
	['form/value.previous', /http 8080/],
	['form/copy', /copied the command/],
	['form/accept', /forwards to web-/],
	['global/pane.next', /┤Connections 1├/],
	['global/pane.previous', /─ Connections 1 /],
	['global/pane.next', /┤Connections 1├/],
	['connections/move.down', /┤Connections/],
	['connections/move.up', /┤Connections/],
	['connections/copy', /copied http/],
	['connections/open', /LOCAL/],
	['forwards/copy', /copied http/],
	['forwards/stop', /stopped by you/],
	['forwards/restart', /forwards to web-/],
	['forwards/save', /save set as default▏/],
	['prompt/accept', /saved 1 forward/],
	['forwards/forwards.open-set', /Saved forwards/],
	['picker/cancel', /LOCAL/],
	['rows/view.pods', /Running/],
	['global/app.quit', /and quit\?/],
	['confirm/confirm.no', /filter: web/],
	['global/view.back', /api-/],
];

/** The number of the selected line, which the footer shows during a search. */
const lineNumber = (screen: string) => Number(/ line (\d+) of /.exec(screen)?.[1]);
const without = (gone: string, shown: string) => new RegExp(`^(?![\\s\\S]*${gone})[\\s\\S]*${shown}`);

const tails: readonly Step[] = [
	['list/list.reverse', /NAME↓/],
	['list/list.reverse', /▸ api/],
	['pods/logs', /Tail pod\/api[\s\S]*(?:\n \d\d:.*){6}/],
	['tail/move.up', /─ not following\b[\s\S]*^▸\d\d:/m],
	['tail/move.down', before => new RegExp(`^▸(?!${/^▸(.{120})/m.exec(before)![1]!.replaceAll(/\W/g, '\\$&')})\\d\\d:`, 'm')],
	['tail/move.end', /─ following\b/],
	['tail/tail.pause', /─ paused\b/],
	['tail/tail.pause', /─ following\b/],
	['tail/search', /^ \/▏/m],
	['> msg', /\d matches/],
	['prompt/accept', without('msg▏', 'match \\d+ of')],
	['tail/search.previous', before => new RegExp(` line ${lineNumber(before) - 1} of`)],
	['tail/search.next', before => new RegExp(` line ${lineNumber(before) + 1} of`)],
	['tail/move.start', /server has no older lines[\s\S]*▸\S+ starting on/],
	['tail/move.page-down', / line (?!1 )\d+ of/],
	['tail/move.page-up', / line 1 of/],
	['tail/move.half-down', / line (?!1 )\d+ of/],
	['tail/move.half-up', / line 1 of/],
	['tail/move.right', /^▸(?!\d\d:)/m],
	['tail/move.left', /^▸\d\d:/m],
	['tail/filter', /^ &▏/m],
	['prompt/prompt.regex', /&~▏/],
	['prompt/cancel', without('&~?▏', ' line 1 of')],
	['> ', /[2-9] errors/],
	['tail/tail.level', /only warn/],
	['tail/tail.level', /only error/],
	['tail/tail.more-context', /^▸.*upstream.*\n.*request served/m],
	['tail/tail.less-context', /^▸.*upstream.*\n(?!.*request served)/m],
	['tail/tail.level', /only info/],
	['tail/tail.level', /all lines/],
	['tail/move.start', / line 1 of/],
	['tail/tail.next-error', /^▸\S+ error /m],
	['tail/tail.next-error', before => new RegExp(`^▸\\S+ error [\\s\\S]* line (?!${lineNumber(before)} )\\d+ of`, 'm')],
	['tail/tail.previous-error', before => new RegExp(`^▸\\S+ error [\\s\\S]* line (?!${lineNumber(before)} )\\d+ of`, 'm')],
	['tail/move.start', /▸\S+ starting on/],
	['tail/mark', /^◆[\s\S]* line 2 of/m],
	['tail/mark', /^◆.*\n◆[\s\S]* line 3 of/m],
	['tail/tail.previous-mark', / line 2 of/],
	['tail/tail.previous-mark', / line 1 of/],
	['tail/tail.next-mark', / line 2 of/],
	['tail/tail.next-gap', /no gap, reconnect or restart below/],
	['tail/json', /^◆\S+ \{/m],
	['tail/wrap', /^◆\S+ \{.*\n (?!\d\d:)/m],
	['tail/wrap', /^◆\S+ \{.*\n \d\d:/m],
	['tail/json', /^◆\S+ info/m],
	['tail/tail.timestamps', /^◆\d{4}-\d\d-\d\dT\S+Z info/m],
	['tail/tail.timestamps', /^◆info/m],
	['tail/tail.timestamps', /^◆\d\d:\d\d:\d\d\.\d+ info/m],
	['tail/open', /Line 2├.* close ─$/m],
	['line/move.down', /^ ▸ level:/m],
	['line/move.up', /^ ▸ time:/m],
	['line/copy', /copied time/],
	['line/line.add-field', /fields: time/],
	['line/view.back', without('Line 2├', 'not following')],
	['tail/copy', /copied 2 lines/],
	['tail/tail.plain', /undecorated lines/],
	['tail/tail.plain', /^[▸◆]\d\d:/m],
	['tail/tail.matches-only', without('starting on', '\\d match msg')],
	['tail/tail.fields', /Fields ─/],
	['picker/cancel', without('Fields ─', 'not following')],
	['tail/tail.sources', /Pods and containers/],
	['picker/cancel', without('Pods and containers', 'not following')],
	['tail/save', /save to/],
	['prompt/cancel', without('save to', 'not following')],
	['tail/tail.since-1m', /since 1m/],
	['tail/tail.since-5m', /since 5m/],
	['tail/tail.since-15m', /since 15m/],
	['tail/tail.since-30m', /since 30m/],
	['tail/tail.since-1h', /since 1h/],
	['tail/tail.since-head', /from the first line/],
	['tail/tail.since-tail', without('from the first line', '─ following\\b')],
	['tail/doctor', /Doctor├/],
	['global/view.back', /Tail pod\/api/],
	['tail/tail.background', /logs +pod\/api/],
];

/** Performed without a key of the session, in this file. */
const unpressed = new Map([
	['connections/restart', 'tail/tail-keys.test.ts'],
	['forwards/forwards.browse', 'shell/terminal-queue.test.ts'],
	['tail/tail.previous-log', 'tail/previous-log.test.ts'],
	['terminal/terminal.send-key', 'shell/shell-keys.test.ts'],
	['terminal/terminal.path', 'shell/shell-keys.test.ts'],
]);

/** Actions that other tests press, by the name under which `press` knows them: with their context, or in any of their contexts. */
function pressedElsewhere(): ReadonlySet<string> {
	const folder = new URL('../', import.meta.url);
	const files = readdirSync(folder, {recursive: true, encoding: 'utf8'}).filter(
		file => file.endsWith('.test.ts') && !file.endsWith('rebound.test.ts'),
	);
	const calls = files.flatMap(file =>
		[...readFileSync(new URL(file, folder), 'utf8').matchAll(/\bpress\(([^)]*)\)/g)].map(([, names]) => names!),
	);
	const named = calls.flatMap(names => [...names.matchAll(/'([\w./-]+)'/g)].map(([, name]) => name!));
	return new Set(
		actionSpecs.map(({context, id}) => `${context}/${id}`).filter(id => named.includes(id) || named.includes(id.split('/')[1]!)),
	);
}

test('every action is performed by a key in this test or in another one', t => {
	const driven = new Set([...lists, ...typing, ...tails].map(([action]) => action));
	const elsewhere = pressedElsewhere();
	const missing = actionSpecs.map(({context, id}) => `${context}/${id}`).filter(id => !driven.has(id) && !elsewhere.has(id));
	t.deepEqual(missing.toSorted(), [...unpressed.keys()].toSorted());
	for (const file of unpressed.values()) {
		t.true(existsSync(new URL(`../${file}`, import.meta.url)), file);
	}
});

for (const [title, steps] of [
	['lists and screens', lists],
	['typed lines, forms and forwards', typing],
	['tails', tails],
] as const) {
	test(`rebound: ${title} perform their actions`, async t => {
		const session = await reboundSession(t);
		for (const [action, shows] of steps) {
			const pattern = typeof shows === 'function' ? shows(session.text()) : shows;
			if (action.startsWith('> ')) {
				session.type(action.slice(2));
			} else {
				session.press(action as PressedAction);
			}

			try {
				await session.sees(pattern);
			} catch (error) {
				throw new Error(`after ${action}: ${(error as Error).message}`, {cause: error});
			}
		}
	});
}

async function reboundSession(t: ExecutionContext): Promise<TestScreen> {
	const home = await temporaryDirectory(t);
	const file = join(home, 'strange.yaml');
	await writeFile(file, yaml);
	const {keymap, problems} = await loadKeymap({}, file);
	t.deepEqual(problems, []);
	const {kubeconfigFile} = await openSandbox(t);
	const session = await openSession(t, ['--keymap', file, '--kubeconfig', kubeconfigFile], {home, keymap, columns: 140, rows: 40});
	await session.sees(/web-\w[\s\S]*unverified ━► kubelet n\d/);
	return session;
}

/** The check of all nodes in the session. */
import test from 'ava';
import {CanceledError} from '../../../source/session/dialogs/type-ahead.ts';
import type {Session} from '../../../source/session/frame/session.ts';
import {openText} from '../../../source/session/text/open-text.ts';
import {nodeCheckHandlers} from '../../../source/session/why/node-check-handlers.ts';
import {onSandbox} from '../../support/sandbox-session.ts';
import {addScriptedNodes} from '../../support/scripted-nodes.ts';
import {quietStore} from '../../support/tail-run.ts';
import {runPaletteCommand} from '../../support/session-steps.ts';
import type {TestTerminal} from '../../support/terminal.ts';

const wide = {columns: 120, rows: 40};

/** Until the question of the nodes view. */
async function askInNodes(terminal: TestTerminal, nodes: number): Promise<void> {
	await terminal.sees(/Pods \d/);
	terminal.press('view.nodes');
	await terminal.sees(new RegExp(`Nodes ${nodes}`));
	terminal.press('test');
	await terminal.sees(/Check the kubelets\?/);
}

test('the nodes view checks all kubelets after yes and groups them by what failed', async t => {
	const {terminal, sandbox} = await onSandbox(t, [], wide);
	await addScriptedNodes(t, sandbox, {shut: {kind: 'closed'}, empty: {kind: 'no-pod'}});
	await askInNodes(terminal, 5);
	await terminal.sees(/Check the kubelets\?[\s\S]*one byte of a log on each of 4 nodes/);
	terminal.press('confirm.yes');
	await terminal.sees(/4 kubelets tried, 3 responded/);
	const text = terminal.text();
	t.regex(text, /✗ 1 node: nothing listens on that address and port/);
	t.regex(text, /nodes +shut/);
	t.regex(text, /· 1 node not tried: no pod on the node has a log that you can read/);
	t.regex(text, /✓ 3 nodes: direct \(inferred\), unverified \(proven\)/);
});

test('no to the question reads nothing', async t => {
	const {terminal} = await onSandbox(t, [], wide);
	await askInNodes(terminal, 3);
	terminal.press('confirm.no');
	await terminal.loses(/Check the kubelets\?/);
	t.notRegex(terminal.text(), /Node check/);
});

test('stop shows what is known so far', async t => {
	const {terminal, sandbox} = await onSandbox(t, [], wide);
	await addScriptedNodes(t, sandbox, {silent: {kind: 'silent'}});
	await terminal.sees(/Pods \d/);
	await runPaletteCommand(terminal, 'doctor nodes');
	await terminal.sees(/Check the kubelets\?/);
	terminal.press('confirm.yes');
	await terminal.sees(/Node check[\s\S]*checked 3 of 4 nodes/);
	terminal.press('stop');
	await terminal.sees(/stopped by you/);
	t.regex(terminal.text(), /1 node not checked/);
});

test('a rerun asks again', async t => {
	const {terminal} = await onSandbox(t, [], wide);
	await askInNodes(terminal, 3);
	terminal.press('confirm.yes');
	await terminal.sees(/✓ 3 nodes: /);
	terminal.press('node-check/refresh');
	await terminal.sees(/Check the kubelets\?/);
});

test('a rerun checks the cluster of its screen, even if a row of another is selected', async t => {
	const read = new Set<string>();
	const clusterOf = (context: string) => ({
		context,
		access: new Proxy(
			{},
			{
				get() {
					read.add(context);
					return undefined;
				},
			},
		),
	});
	const store = quietStore();
	const session = {
		store,
		clusters: new Map([['us', clusterOf('us')]]),
		cluster: clusterOf('eu'),
		typeAhead: {
			async during(_: unknown, work: () => Promise<unknown>) {
				await work().catch(() => {});
				throw new CanceledError('listing');
			},
		},
	} as unknown as Session;
	openText(session, {title: 'Node check', subject: 'us', lines: [], keyContext: 'node-check', context: 'us'});
	await t.throwsAsync(async () => nodeCheckHandlers['node-check/refresh'](session), {instanceOf: CanceledError});
	t.deepEqual([...read], ['us']);
});

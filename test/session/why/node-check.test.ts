/** The check of all nodes in the session. */
import test from 'ava';
import {CanceledError} from '../../../source/session/dialogs/type-ahead.ts';
import {openText} from '../../../source/session/text/text-handlers.ts';
import {nodeCheckHandlers} from '../../../source/session/why/node-check-handlers.ts';
import {fakeSession} from '../../support/fake-session.ts';
import {sessionOnOwnSandbox, sessionOnSandbox} from '../../support/open-session.ts';
import {addScriptedNodes} from '../../support/scripted-nodes.ts';
import {runPaletteCommand} from '../../support/session-steps.ts';
import {quietStore} from '../../support/tail-run.ts';
import type {TestScreen} from '../../support/test-screen.ts';

const wide = {columns: 120, rows: 40};

/** Until the question of the nodes view. */
async function askInNodes(session: TestScreen, nodes: number): Promise<void> {
	await session.sees(/Pods \d/);
	session.press('view.nodes');
	await session.sees(new RegExp(`Nodes ${nodes}`));
	session.press('test');
	await session.sees(/Check the kubelets\?/);
}

test('the nodes view checks all kubelets after yes and groups them by what failed', async t => {
	const {session, sandbox} = await sessionOnOwnSandbox(t, [], wide);
	await addScriptedNodes(t, sandbox, {shut: {kind: 'closed'}, empty: {kind: 'no-pod'}});
	await askInNodes(session, 5);
	await session.sees(/Check the kubelets\?[\s\S]*one byte of a log on each of 4 nodes/);
	session.press('confirm.yes');
	await session.sees(/4 kubelets tried, 3 responded/);
	const text = session.text();
	t.regex(text, /✗ 1 node: nothing listens on that address and port/);
	t.regex(text, /nodes +shut/);
	t.regex(text, /· 1 node not tried: no pod on the node has a log that you can read/);
	t.regex(text, /✓ 3 nodes: direct \(inferred\), unverified \(proven\)/);
});

test('no to the question reads nothing', async t => {
	const {session} = await sessionOnSandbox(t, [], wide);
	await askInNodes(session, 3);
	session.press('confirm.no');
	await session.loses(/Check the kubelets\?/);
	t.notRegex(session.text(), /Node check/);
});

test('stop shows what is known so far', async t => {
	const {session, sandbox} = await sessionOnOwnSandbox(t, [], wide);
	await addScriptedNodes(t, sandbox, {silent: {kind: 'silent'}});
	await session.sees(/Pods \d/);
	await runPaletteCommand(session, 'doctor nodes');
	await session.sees(/Check the kubelets\?/);
	session.press('confirm.yes');
	await session.sees(/Node check[\s\S]*checked 3 of 4 nodes/);
	session.press('stop');
	await session.sees(/stopped by you/);
	t.regex(session.text(), /1 node not checked/);
});

test('a rerun asks again', async t => {
	const {session} = await sessionOnSandbox(t, [], wide);
	await askInNodes(session, 3);
	session.press('confirm.yes');
	await session.sees(/✓ 3 nodes: /);
	session.press('node-check/refresh');
	await session.sees(/Check the kubelets\?/);
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
	const session = fakeSession({
		store,
		closing: new AbortController().signal,
		clusters: new Map([['us', clusterOf('us')]]),
		cluster: clusterOf('eu'),
		typeAhead: {
			async during(_: unknown, work: () => Promise<unknown>) {
				await work().catch(() => {});
				throw new CanceledError('listing');
			},
		},
	});
	openText(session, {title: 'Node check', subject: 'us', lines: [], keyContext: 'node-check', context: 'us'});
	await t.throwsAsync(async () => nodeCheckHandlers['node-check/refresh'](session), {instanceOf: CanceledError});
	t.deepEqual([...read], ['us']);
});

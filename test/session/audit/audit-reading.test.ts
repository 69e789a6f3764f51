/** When the audit view reads the audit. */
import test from 'ava';
import {auditHandlers, readAuditOnce} from '../../../source/session/audit/audit-handlers.ts';
import type {Session} from '../../../source/session/frame/session.ts';
import type {ShownAuditRow} from '../../../source/session/frame/session-state.ts';
import {inContext} from '../../../source/session/lists/rows-of-clusters.ts';
import type {Row} from '../../../source/session/lists/table-rows.ts';
import {quietStore} from '../../support/tail-run.ts';
import {onSandbox} from '../../support/sandbox-session.ts';
import {runPaletteCommand} from '../../support/session-steps.ts';

test('`:audit` typed in a tail reads the audit', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/api-\w+-\w+ +1\/1 +Running/);
	terminal.press('logs');
	await terminal.sees(/┤Tail /);
	await runPaletteCommand(terminal, 'audit');
	await terminal.sees(/kubelet certificate/);
	await terminal.loses(/not read yet/);
});

test('the audit is read again after its apiserver has restarted, also from another view', async t => {
	const {terminal, sandbox} = await onSandbox(t, [], {rows: 40, columns: 120});
	await terminal.sees(/web-\w+-\w+/);
	terminal.press('view.audit');
	await terminal.sees(/kubelet certificate verified +✗ unverified +proven[\s\S]* all \d+ rows: .* · read \d\d:\d\d:\d\d /);
	await sandbox.switches.set({verification: 'good'});
	await terminal.sees(/kubelet certificate verified +✓ enforced +proven/);
	terminal.press('view.pods');
	await terminal.sees(/web-\w+-\w+/);
	await sandbox.switches.set({verification: 'off'});
	await terminal.sees(/━ unverified ━► kubelet/);
	terminal.press('view.audit');
	await terminal.sees(/kubelet certificate verified +✗ unverified +proven/);
});

test('what a row needs names the key of the route test, not a flag', async t => {
	const {terminal} = await onSandbox(t, [], {user: 'bob', rows: 50, columns: 120});
	await terminal.sees(/web-\w+-\w+/);
	terminal.press('view.audit');
	await terminal.sees(/▸ kubelets to apiserver[\s\S]*needs +list leases in kube-node-lease/);
	terminal.press('move.down', 'move.down', 'move.down', 'move.down');
	await terminal.sees(/needs +get nonResourceURL \/flagz, or list pods in kube-system, or (get .*, or )?the test \(t\)/);
	t.notRegex(terminal.text(), /--probe active/);
	terminal.press('open');
	await terminal.sees(
		/Audit├ [CN]\d+ .* · read \d\d:\d\d:\d\d [\s\S]*needs +get nonResourceURL \/flagz [\s\S]* or +list pods [\s\S]* or +the test \(t\)/,
	);
	t.notRegex(terminal.text(), /--probe active/);
	// It explains itself.
	t.notRegex(terminal.text(), /w why/);
	terminal.press('audit-row/test');
	await terminal.sees(/Test the route\?/);
});

/** Two clusters, of which `us` is the current one. The pods view has a selected pod of `eu`, and the audit is that of `eu`. */
function sessionInUs(pods: ReadonlyArray<readonly [context: string, name: string]>) {
	const store = quietStore();
	const state = store.state.cluster;
	store.dispatch({type: 'switch', cluster: {...state, context: 'us'}, others: [{...state, context: 'eu'}]});
	store.dispatch({type: 'view', view: 'audit'});
	for (const [context, name] of pods) {
		const row: Row = {id: name, namespace: 'demo', name, cells: ['1/1', 'Running'], created: 0, gone: null};
		store.dispatch({type: 'list', list: 'pods', event: inContext({type: 'phase', phase: {kind: 'live'}}, context)});
		store.dispatch({type: 'list', list: 'pods', event: inContext({type: 'page', chunk: 'pods', rows: [row], first: true}, context)});
	}

	store.dispatch({type: 'audit', to: {rows: [{id: 'C1'} as ShownAuditRow], found: {cluster: {context: 'eu'}, rows: []} as never}});
	const clusters = new Map(['eu', 'us'].map(context => [context, {context, access: {facts: {context}}}]));
	const asked: string[] = [];
	const session = {
		store,
		clusters,
		cluster: clusters.get('us'),
		shown: [...clusters.values()],
		async ask(title: string, notes: readonly string[]) {
			asked.push(title, ...notes);
			return false;
		},
		tell: (text: string) => asked.push(text),
		fail() {},
	} as unknown as Session;
	return {store, session, asked};
}

test('the audit of another cluster is not shown while that of the current one is read', async t => {
	const {store, session} = sessionInUs([]);
	const reading = readAuditOnce(session);
	t.like(store.state.audit, {rows: [], found: null, busy: true});
	await reading;
	t.is(store.state.audit.found, null);
});

test('the route test of the audit uses a pod of the current cluster, not one of another', async t => {
	const {session, asked} = sessionInUs([
		['eu', 'api'],
		['us', 'web'],
	]);
	await auditHandlers.test(session);
	t.regex(asked.join(' '), /^Test the route\? Opens a few idle tunnels to web on us /);
});

test('the route test of the audit needs a pod of the current cluster', async t => {
	const {session, asked} = sessionInUs([['eu', 'api']]);
	await auditHandlers.test(session);
	t.deepEqual(asked, ['the route test needs a pod of us: open the pods view first']);
});

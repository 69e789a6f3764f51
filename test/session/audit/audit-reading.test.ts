/** When the audit view reads the audit. */
import test, {type ExecutionContext} from 'ava';
import {SpokeError} from '../../../source/base/errors/spoke-error.ts';
import {auditHandlers, readAuditOnce, renewAudit} from '../../../source/session/audit/audit-handlers.ts';
import type {ShownAuditRow} from '../../../source/session/frame/session-state.ts';
import {inContext} from '../../../source/session/lists/row-filter.ts';
import type {Row} from '../../../source/session/lists/table-rows.ts';
import {startServer} from '../../support/api-server.ts';
import {fakeSession} from '../../support/fake-session.ts';
import {sessionOnOwnSandbox, sessionOnSandbox} from '../../support/open-session.ts';
import {runPaletteCommand} from '../../support/session-steps.ts';
import {quietStore} from '../../support/tail-run.ts';

test('`:audit` typed in a tail reads the audit', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/api-\w+-\w+ +1\/1 +Running/);
	session.press('logs');
	await session.sees(/┤Tail /);
	await runPaletteCommand(session, 'audit');
	await session.sees(/kubelet certificate/);
	await session.loses(/not read yet/);
});

test('the audit is read again after its apiserver has restarted, also from another view', async t => {
	const {session, sandbox} = await sessionOnOwnSandbox(t, [], {rows: 40, columns: 120});
	await session.sees(/web-\w+-\w+/);
	session.press('view.audit');
	await session.sees(/kubelet certificate verified +✗ ━ unverified[\s\S]* all \d+ rows: .* · read \d\d:\d\d:\d\d /);
	await sandbox.switches.set({verification: 'good'});
	await session.sees(/kubelet certificate verified +✓ ━ enforced/);
	session.press('view.pods');
	await session.sees(/web-\w+-\w+/);
	await sandbox.switches.set({verification: 'off'});
	await session.sees(/━ unverified ━► kubelet/);
	session.press('view.audit');
	await session.sees(/kubelet certificate verified +✗ ━ unverified/);
});

test('what a row needs names the key of the route test, not a flag', async t => {
	const {session} = await sessionOnSandbox(t, [], {user: 'bob', rows: 50, columns: 120});
	await session.sees(/web-\w+-\w+/);
	session.press('view.audit');
	await session.sees(/▸ kubelets to apiserver[\s\S]*needs +list leases in kube-node-lease/);
	session.press('move.down', 'move.down', 'move.down', 'move.down');
	await session.sees(/needs +get nonResourceURL \/flagz, or list pods in kube-system, or (get .*, or )?the test \(t\)/);
	t.notRegex(session.text(), /--probe active/);
	session.press('open');
	await session.sees(
		/Audit├ [CN]\d+ .* · read \d\d:\d\d:\d\d [\s\S]*needs +get nonResourceURL \/flagz [\s\S]* or +list pods [\s\S]* or +the test \(t\)/,
	);
	t.notRegex(session.text(), /--probe active/);
	// It explains itself.
	t.notRegex(session.text(), /w why/);
	session.press('audit-row/test');
	await session.sees(/Test the route\?/);
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
	const session = fakeSession({
		store,
		clusters,
		cluster: clusters.get('us'),
		shown: [...clusters.values()],
		async ask(title: string, notes: readonly string[]) {
			asked.push(title, ...notes);
			return false;
		},
		showMessage: (text: string) => asked.push(text),
		showFailure() {},
	});
	return {store, session, asked};
}

test('the audit of another cluster is not shown while that of the current one is read', async t => {
	const {store, session} = sessionInUs([]);
	const reading = readAuditOnce(session);
	t.like(store.state.audit, {rows: [], found: null});
	t.not(store.state.audit.reading, null);
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
	const json = async () => ({items: []});
	Object.assign(session.cluster.access, {json});
	await auditHandlers.test(session);
	t.deepEqual(asked, ['the route test needs a running pod: there is none in namespace default of us']);
});

test('the route test finds a running pod that the list does not show', async t => {
	const {session, asked} = sessionInUs([]);
	const json = async () => ({items: [{metadata: {name: 'old', deletionTimestamp: 'now'}}, {metadata: {name: 'web', namespace: 'demo'}}]});
	Object.assign(session.cluster.access, {json});
	await auditHandlers.test(session);
	t.regex(asked.join(' '), /^Test the route\? Opens a few idle tunnels to web on us /);
});

test('the route test skips pods that are gone or do not run', async t => {
	const {session, asked} = sessionInUs([
		['us', 'deleted'],
		['us', 'pending'],
		['us', 'web'],
	]);
	const phases: Readonly<Record<string, string>> = {pending: 'Pending', web: 'Running'};
	const json = async ({path}: {path: string}) => {
		const phase = phases[path.split('/').at(-1)!];
		if (phase === undefined) {
			throw new SpokeError('ERR_NOT_FOUND', 'pods "deleted" not found');
		}

		return {metadata: {}, status: {phase}};
	};

	Object.assign(session.cluster.access, {json});
	await auditHandlers.test(session);
	t.regex(asked.join(' '), /^Test the route\? Opens a few idle tunnels to web on us /);
});

test('a failed route test is reported by its name', async t => {
	const {session} = sessionInUs([['us', 'web']]);
	const failed: string[] = [];
	const fail = (about: string) => failed.push(about);
	Object.assign(session, {ask: async () => true, showFailure: fail, paths: {showAgain() {}}, shown: []});
	await auditHandlers.test(session);
	t.deepEqual(failed, ['route test']);
});

const startedAt = (id: string, startTime: string) => ({id, startTime});
const oldAudit = {
	rows: [{id: 'N1'}, {id: 'C5'}] as ShownAuditRow[],
	found: {cluster: {context: 'us'}, rows: [], replicas: {processes: [startedAt('old', '2026-01-01T00:00:00Z')]}} as never,
	cursor: 1,
};

/** The audit of `us` was read from the process `old`. Reads of `us` fail, or wait for `respond` once there is a server. */
function sessionAfterAudit() {
	const {store, session} = sessionInUs([]);
	store.dispatch({type: 'audit', to: oldAudit});
	const failed: unknown[] = [];
	session.showFailure = (...failure: unknown[]) => {
		failed.push(failure);
	};

	return {
		store,
		session,
		failed,
		restart: async (id: string) => renewAudit(session, {context: 'us'}, startedAt(id, '2026-01-02T00:00:00Z')),
		async serve(t: ExecutionContext) {
			const asked = Promise.withResolvers<void>();
			const open = Promise.withResolvers<void>();
			const server = await startServer({
				async request(_request, response) {
					asked.resolve();
					await open.promise;
					response.writeHead(404, {'content-type': 'application/json'}).end('{"kind":"Status","code":404}');
				},
			});
			t.teardown(async () => server.close());
			Object.assign(session.cluster, {access: await server.cluster()});
			return {asked: asked.promise, respond: open.resolve};
		},
	};
}

test('a read that began before the apiserver restarted is not shown', async t => {
	const {store, session, restart, serve} = sessionAfterAudit();
	store.dispatch({type: 'view', view: 'pods'});
	const {asked, respond} = await serve(t);
	const read = auditHandlers['audit/refresh'](session);
	await asked;
	await restart('new');
	t.like(store.state.audit, {rows: [], found: null, reading: null});
	respond();
	await read;
	t.like(store.state.audit, {rows: [], found: null});
	await readAuditOnce(session);
	t.true(store.state.audit.rows.length > 0);
});

test('a refresh that is under way at a restart does not replace the new read', async t => {
	const {store, session, restart, serve} = sessionAfterAudit();
	const {asked, respond} = await serve(t);
	const refresh = auditHandlers['audit/refresh'](session);
	await asked;
	const first = store.state.audit.reading;
	const renewal = restart('new');
	t.not(store.state.audit.reading, first);
	respond();
	await Promise.all([refresh, renewal]);
	t.like(store.state.audit, {reading: null, isOutdated: false});
});

test('an outdated audit stays, marked and with its selected row, until it is read again', async t => {
	const {store, restart, serve} = sessionAfterAudit();
	const {asked, respond} = await serve(t);
	const renewal = restart('new');
	await asked;
	t.like(store.state.audit, {...oldAudit, note: 'the apiserver has restarted: reading again …'});
	respond();
	await renewal;
	const {rows, cursor, note} = store.state.audit;
	t.true(rows.length > 2);
	t.is(rows[cursor]!.id, 'C5');
	t.regex(note, /read \d\d:/);
});

test('an automatic read that fails drops the outdated audit and opens no card', async t => {
	const {store, session, failed, restart} = sessionAfterAudit();
	await restart('new');
	t.like(store.state.audit, {rows: [], found: null, reading: null});
	t.not(store.state.audit.note, '');
	t.deepEqual(failed, []);
	await auditHandlers['audit/refresh'](session);
	t.is(failed.length, 1);
});

test('processes that no audit finds make one audit outdated each', async t => {
	const {store, restart} = sessionAfterAudit();
	store.dispatch({type: 'view', view: 'pods'});
	const left = [];
	for (const id of ['one', 'other', 'one', 'other']) {
		await restart(id);
		left.push(store.state.audit.rows.length);
		store.dispatch({type: 'audit', to: oldAudit});
	}

	t.deepEqual(left, [0, 0, 2, 2]);
});

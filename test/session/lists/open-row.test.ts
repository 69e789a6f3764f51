/** Enter in lists. */
import test from 'ava';
import {actionIn} from '../../../source/session/actions/action-table.ts';
import {containerChoices, openRow} from '../../../source/session/lists/open-row.ts';
import type {PodObject} from '../../../source/cluster/targets/pod-object.ts';
import {fakeSession} from '../../support/fake-session.ts';
import {sessionOnOwnSandbox, sessionOnSandbox} from '../../support/open-session.ts';
import {ask} from '../../support/sandbox-client.ts';
import {quietStore} from '../../support/tail-run.ts';

const pod: PodObject = {
	metadata: {name: 'web', annotations: {'kubectl.kubernetes.io/default-container': 'app'}},
	spec: {initContainers: [{name: 'setup'}], containers: [{name: 'proxy'}, {name: 'app'}]},
	status: {
		initContainerStatuses: [{name: 'setup', state: {terminated: {exitCode: 0}}}],
		containerStatuses: [
			{name: 'proxy', state: {running: {}}},
			{name: 'app', state: {running: {}}, lastState: {terminated: {exitCode: 3}}},
		],
	},
};

test('each container has its log, its previous log and its shell, and the default one is first', t => {
	t.deepEqual(
		containerChoices(pod).map(({action, container}) => `${action} ${container}`),
		['logs app', 'logs proxy', 'logs setup', 'previous log app', 'shell app', 'shell proxy'],
	);
});

test('a refused choice for a container acts on no other pod that is selected meanwhile', async t => {
	const store = quietStore();
	store.dispatch({type: 'cluster', to: {missingPermissions: new Map([[actionIn('pods', 'logs')!, 'no permission']])}});
	const rows = ['web', 'zoo'].map(name => ({id: name, namespace: 'demo', name, cells: [], created: 0, gone: null}));
	store.dispatch({type: 'list', list: 'pods', event: {type: 'page', chunk: 'pods', rows, first: true}});
	const done: string[] = [];
	const select = (index: number) => {
		store.dispatch({type: 'list', list: 'pods', event: {type: 'move', by: index - store.state.lists.pods.cursorIndex}});
		return '0';
	};

	const session = fakeSession({
		store,
		clusters: new Map(),
		cluster: {access: {json: async () => pod, facts: {}}},
		typeAhead: {during: async (_: unknown, work: () => Promise<unknown>) => work()},
		pick: async () => select(1),
		perform: (id: string) => done.push(id),
		showMessage: (text: string) => done.push(text),
	});
	await openRow(session);
	t.deepEqual(done, ['web is no longer selected']);
	select(0);
	await openRow({...session, pick: async () => select(0)});
	t.deepEqual(done, ['web is no longer selected', 'logs']);
});

test('enter goes from workloads, services and nodes to their pods, and back returns', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/flaky-\w+/);
	session.press('view.workloads');
	await session.sees(/▸ \S+\s[\s\S]*deploy\/web /);
	session.type('/deploy/web\r');
	await session.sees(/▸ deploy\/web /);
	session.press('open');
	await session.sees(/pods of deploy\/web/);
	await session.sees(/┤1 Pods 2├(?![\s\S]*(?:api|flaky|toolbox)-\w+-\w+)[\s\S]*web-\w+-\w+ +2\/2/);
	session.press('view.back');
	await session.sees(/┤2 Workloads[\s\S]*▸ deploy\/web /);
	session.press('view.services');
	await session.sees(/web +ClusterIP/);
	session.type('/web\r');
	await session.sees(/▸ web +ClusterIP/);
	session.press('open');
	await session.sees(/pods of svc\/web/);
	session.press('view.nodes');
	await session.sees(/▸ cp +Ready/);
	session.press('move.down');
	await session.sees(/▸ n1 +Ready/);
	session.press('open');
	await session.sees(/pods of node\/n1 [\s\S]*NAMESPACE[\s\S]*kube-system/);
	t.notRegex(session.text(), / n2 /);
	session.press('view.pods');
	await session.sees(/(?<!pods of[\s\S]*)flaky-\w+/);
});

test('enter on a pod offers its containers, and details have their own key', async t => {
	const {session} = await sessionOnSandbox(t);
	await session.sees(/web-\w+/);
	session.type('/web\r');
	await session.sees(/▸ web-\w+-\w+ +2\/2/);
	session.press('open');
	await session.sees(/Containers of web-\w+-\w+[\s\S]*logs +\w+ +running, started \d+s ago[\s\S]*shell/);
	session.press('cancel', 'list.details');
	await session.sees(/Details├ pod\/web-/);
	session.press('view.back', 'open');
	await session.sees(/Containers of web-/);
	session.press('move.down', 'accept');
	await session.sees(/Tail pod\/web-/);
});

test('the first row is selected until it is acted on, and then stays selected', async t => {
	const {session, sandbox} = await sessionOnOwnSandbox(t, ['-n', 'shop']);
	const create = async (name: string) =>
		ask(sandbox, '/api/v1/namespaces/shop/pods', {
			method: 'POST',
			body: {metadata: {name}, spec: {containers: [{name: 'main', image: 'sandbox/log-writer:1'}]}},
		});
	await session.sees(/▸ checkout-/);
	await create('b-first');
	await session.sees(/▸ b-first /);
	session.press('open');
	await session.sees(/Containers of b-first/);
	session.press('cancel');
	await session.loses(/Containers of/);
	await create('a-first');
	await session.sees(/ {3}a-first [\s\S]*▸ b-first /);
});

/** Enter in lists. */
import test from 'ava';
import {actionIn} from '../../../source/actions/action-table.ts';
import type {Session} from '../../../source/session/frame/session.ts';
import {containerChoices, openRow} from '../../../source/session/lists/open-row.ts';
import type {PodObject} from '../../../source/targets/pod-object.ts';
import {ask} from '../../support/sandbox-client.ts';
import {onSandbox} from '../../support/sandbox-session.ts';
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
		store.dispatch({type: 'list', list: 'pods', event: {type: 'move-to', index}});
		return '0';
	};

	const session = {
		store,
		cluster: {access: {json: async () => pod, facts: {}}},
		typeAhead: {during: async (_: unknown, work: () => Promise<unknown>) => work()},
		pick: async () => select(1),
		perform: (id: string) => done.push(id),
		showMessage: (text: string) => done.push(text),
	} as unknown as Session;
	await openRow(session);
	t.deepEqual(done, ['web is no longer selected']);
	select(0);
	await openRow({...session, pick: async () => select(0)});
	t.deepEqual(done, ['web is no longer selected', 'logs']);
});

test('enter goes from workloads, services and nodes to their pods, and back returns', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/flaky-\w+/);
	terminal.press('view.workloads');
	await terminal.sees(/▸ \S+\s[\s\S]*deploy\/web /);
	terminal.type('/deploy/web\r');
	await terminal.sees(/▸ deploy\/web /);
	terminal.press('open');
	await terminal.sees(/pods of deploy\/web/);
	await terminal.sees(/┤1 Pods 2├(?![\s\S]*(?:api|flaky|toolbox)-\w+-\w+)[\s\S]*web-\w+-\w+ +2\/2/);
	terminal.press('view.back');
	await terminal.sees(/┤2 Workloads[\s\S]*▸ deploy\/web /);
	terminal.press('view.services');
	await terminal.sees(/web +ClusterIP/);
	terminal.type('/web\r');
	await terminal.sees(/▸ web +ClusterIP/);
	terminal.press('open');
	await terminal.sees(/pods of svc\/web/);
	terminal.press('view.nodes');
	await terminal.sees(/▸ cp +Ready/);
	terminal.press('move.down');
	await terminal.sees(/▸ n1 +Ready/);
	terminal.press('open');
	await terminal.sees(/pods of node\/n1 [\s\S]*NAMESPACE[\s\S]*kube-system/);
	t.notRegex(terminal.text(), / n2 /);
	terminal.press('view.pods');
	await terminal.sees(/(?<!pods of[\s\S]*)flaky-\w+/);
});

test('enter on a pod offers its containers, and details have their own key', async t => {
	const {terminal} = await onSandbox(t);
	await terminal.sees(/web-\w+/);
	terminal.type('/web\r');
	await terminal.sees(/▸ web-\w+-\w+ +2\/2/);
	terminal.press('open');
	await terminal.sees(/Containers of web-\w+-\w+[\s\S]*logs +\w+ +running, started \d+s ago[\s\S]*shell/);
	terminal.press('cancel', 'list.details');
	await terminal.sees(/Details├ pod\/web-/);
	terminal.press('view.back', 'open');
	await terminal.sees(/Containers of web-/);
	terminal.press('move.down', 'accept');
	await terminal.sees(/Tail pod\/web-/);
});

test('the first row is selected until it is acted on, and then stays selected', async t => {
	const {terminal, sandbox} = await onSandbox(t, ['-n', 'shop']);
	const create = async (name: string) =>
		ask(sandbox, '/api/v1/namespaces/shop/pods', {
			method: 'POST',
			body: {metadata: {name}, spec: {containers: [{name: 'main', image: 'sandbox/log-writer:1'}]}},
		});
	await terminal.sees(/▸ checkout-/);
	await create('b-first');
	await terminal.sees(/▸ b-first /);
	terminal.press('open');
	await terminal.sees(/Containers of b-first/);
	terminal.press('cancel');
	await terminal.loses(/Containers of/);
	await create('a-first');
	await terminal.sees(/ {3}a-first [\s\S]*▸ b-first /);
});

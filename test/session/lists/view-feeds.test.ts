/** What a view reads besides its list. */
import type {ServerResponse} from 'node:http';
import test from 'ava';
import {createLabeler} from '../../../source/evidence/connection-labeler.ts';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import {emptySession} from '../../../source/session/frame/session-state.ts';
import {Store} from '../../../source/session/frame/store.ts';
import type {Row} from '../../../source/session/lists/table-rows.ts';
import {ViewFeeds} from '../../../source/session/lists/view-feeds.ts';
import {startServer} from '../../support/api-server.ts';
import {until} from '../../support/until.ts';

const pressed = JSON.stringify({
	kind: 'NodeList',
	apiVersion: 'v1',
	metadata: {resourceVersion: '1'},
	items: [{metadata: {name: 'n1', uid: '1'}, status: {conditions: [{type: 'MemoryPressure', status: 'True'}]}}],
});

const failed = {exitCode: 1, reason: 'Error', finishedAt: '2026-11-25T14:03:07Z'};
const crashed = {
	kind: 'Pod',
	apiVersion: 'v1',
	metadata: {name: 'web', namespace: 'demo', uid: '1'},
	items: [],
	spec: {nodeName: 'n1', containers: [{name: 'web', image: 'web'}]},
	status: {
		phase: 'Running',
		containerStatuses: [
			{name: 'web', ready: false, restartCount: 3, state: {waiting: {reason: 'CrashLoopBackOff'}}, lastState: {terminated: failed}},
		],
	},
};

for (const [required, reads] of [
	[[], true],
	[[{text: 'verified', states: ['verified']}], false],
] as const) {
	test(`the log of a failed container is ${reads ? '' : 'not '}read with ${required.length} requirement(s)`, async t => {
		const requested: string[] = [];
		const server = await startServer({
			request(request, response) {
				requested.push(request.url!);
				response.setHeader('content-type', 'application/json');
				response.end(request.url!.includes('/log?') ? 'fatal: no database\n' : JSON.stringify(crashed));
			},
		});
		const {store, open, feeds} = await feedsOn(server, 40);
		const cells = ['0/1', 'CrashLoopBackOff', '3', 'n1', ''];
		const row: Row = {id: '1', namespace: 'demo', name: 'web', cells, created: 0, gone: null, problem: true};
		store.dispatch({type: 'cluster', to: {reachable: 'yes', required: required as never}});
		store.dispatch({type: 'list', list: 'pods', event: {type: 'page', chunk: 'pods', rows: [row], first: true}});
		feeds.matchView();
		const shows = (text: string) => store.state.selectedDetails?.lines.some(one => one.text.includes(text)) === true;
		await until(() => shows(reads ? 'fatal: no database' : 'CrashLoopBackOff'));
		await open.access.request({path: '/version'});
		t.is(requested.filter(url => url.includes('/log?container=web&tailLines=1')).length, reads ? 1 : 0);
		feeds.stop();
		store.close();
		open.labeler.close();
		await server.close();
	});
}

async function feedsOn(server: Awaited<ReturnType<typeof startServer>>, rows: number) {
	const access = await server.cluster();
	const store = new Store(
		emptySession(clusterState(access), {columns: 80, rows}, 0),
		() => {},
		() => 3_600_000,
	);
	const open = {access, labeler: createLabeler(access), context: store.state.cluster.context};
	return {store, open, feeds: new ViewFeeds(store, {get: () => open, values: () => [open].values()})};
}

test('an answer for a view that was left is ignored, and its return reads again', async t => {
	const held: ServerResponse[] = [];
	const server = await startServer({
		request(request, response) {
			response.setHeader('content-type', 'application/json');
			if (request.url!.startsWith('/api/v1/nodes') && !request.headers.accept!.includes('Table')) {
				held.push(response);
			} else {
				response.writeHead(404).end('{}');
			}
		},
	});
	const {store, open, feeds} = await feedsOn(server, 24);
	const show = (view: 'nodes' | 'pods') => {
		store.dispatch({type: 'view', view});
		feeds.matchView();
	};

	store.dispatch({type: 'cluster', to: {reachable: 'yes'}});
	store.dispatch({type: 'list', list: 'nodes', event: {type: 'problems'}});
	show('nodes');
	await until(() => held.length === 1);
	show('pods');
	const {promise: sent, resolve} = Promise.withResolvers<void>();
	held[0]!.on('close', resolve).end(pressed);
	await sent;
	show('nodes');
	await until(() => held.length === 2);
	t.is(store.state.lists.nodes.knownProblems.size, 0);
	held[1]!.end(pressed);
	await until(() => store.state.lists.nodes.knownProblems.size === 1);
	t.deepEqual(store.state.lists.nodes.knownProblems.get(''), new Map([['/n1', 'MemoryPressure']]));
	feeds.stop();
	store.close();
	open.labeler.close();
	await server.close();
});

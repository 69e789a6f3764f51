/** What a view reads besides its list. */
import type {ServerResponse} from 'node:http';
import test from 'ava';
import {createLabeler} from '../../../source/evidence/connection-labeler.ts';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import {emptySession} from '../../../source/session/frame/session-state.ts';
import {Store} from '../../../source/session/frame/store.ts';
import {ViewFeeds} from '../../../source/session/lists/view-feeds.ts';
import {startServer} from '../../support/api-server.ts';
import {until} from '../../support/until.ts';

const pressed = JSON.stringify({
	kind: 'NodeList',
	apiVersion: 'v1',
	metadata: {resourceVersion: '1'},
	items: [{metadata: {name: 'n1', uid: '1'}, status: {conditions: [{type: 'MemoryPressure', status: 'True'}]}}],
});

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
	const access = await server.cluster();
	const store = new Store(
		emptySession(clusterState(access), {columns: 80, rows: 24}, 0),
		() => {},
		() => 3_600_000,
	);
	const open = {access, labeler: createLabeler(access), context: store.state.cluster.context};
	const feeds = new ViewFeeds(store, {get: () => open, values: () => [open].values()});
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

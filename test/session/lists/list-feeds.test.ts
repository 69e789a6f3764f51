/** When the rows of a list are drawn. */
import test from 'ava';
import {clusterState} from '../../../source/session/clusters/open-clusters.ts';
import {emptySession} from '../../../source/session/frame/session-state.ts';
import {Store} from '../../../source/session/frame/store.ts';
import {ListFeeds} from '../../../source/session/lists/list-feeds.ts';
import {createLabeler} from '../../../source/evidence/connection-labeler.ts';
import {startServer} from '../../support/api-server.ts';
import {until} from '../../support/until.ts';

const table = (names: readonly string[], next: string) =>
	JSON.stringify({
		kind: 'Table',
		apiVersion: 'meta.k8s.io/v1',
		metadata: {resourceVersion: '1', continue: next},
		columnDefinitions: [{name: 'Name', type: 'string', format: 'name', priority: 0}],
		rows: names.map(name => ({cells: [name], object: {kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: {name}}})),
	});

test('the first rows are drawn at once, later ones at the rate of frames', async t => {
	const second = Promise.withResolvers<void>();
	const server = await startServer({
		async request(request, response) {
			const {searchParams} = new URL(request.url!, 'https://host');
			response.setHeader('content-type', 'application/json');
			if (searchParams.get('watch') === 'true') {
				response.flushHeaders();
			} else if (searchParams.get('continue') === null) {
				response.end(table(['a'], 'more'));
			} else {
				await second.promise;
				response.end(table(['b'], ''));
			}
		},
	});
	const cluster = await server.cluster();
	const drawn: number[] = [];
	const hourMs = 3_600_000;
	const store: Store = new Store(
		emptySession(clusterState(cluster), {columns: 80, rows: 24}, 0),
		() => {
			drawn.push(store.state.lists.pods.total);
		},
		() => hourMs,
	);
	store.drawNow();
	const {context} = store.state.cluster;
	const open = {access: cluster, labeler: createLabeler(cluster), context};
	const feeds = new ListFeeds(store, () => {});
	feeds.feed({get: () => open, values: () => [open].values()});
	await until(() => drawn.length === 2);
	t.deepEqual(drawn, [0, 1]);
	second.resolve();
	await until(() => store.state.lists.pods.total === 2);
	t.deepEqual(drawn, [0, 1]);
	feeds.stop();
	store.close();
	open.labeler.close();
	await server.close();
});

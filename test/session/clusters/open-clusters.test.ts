/** Open clusters and the current one. */
import test from 'ava';
import {OpenClusters} from '../../../source/session/clusters/open-clusters.ts';
import type {OpenCluster} from '../../../source/session/frame/session.ts';
import {type ClusterClient, ClusterRecords} from '../../../source/cluster/cluster-client.ts';

function access(context: string) {
	let closed = 0;
	const one = {
		facts: {context},
		records: new ClusterRecords(),
		close() {
			closed++;
		},
	} as unknown as ClusterClient;
	return {one, closed: () => closed};
}

function valueOf(reached: Awaited<ReturnType<OpenClusters['reach']>>): OpenCluster | undefined {
	const [result] = reached ?? [];
	return result?.status === 'fulfilled' ? result.value : undefined;
}

const clustersOf = () => new OpenClusters(() => {});

test('the last chosen cluster opens, and the client of the other one is closed', async t => {
	const clusters = clustersOf();
	const [slow, quick] = [access('slow'), access('quick')];
	const opening = Promise.withResolvers<ClusterClient>();
	const first = clusters.reach(['slow'], async () => opening.promise);
	const second = await clusters.reach(['quick'], async () => quick.one);
	opening.resolve(slow.one);
	t.is(await first, null);
	t.is(slow.closed(), 1);
	t.is(clusters.get('slow'), undefined);
	t.is(valueOf(second)?.access, quick.one);
	t.is(quick.closed(), 0);
});

test('an earlier cluster stays open, is not opened twice, and closes with the others', async t => {
	const clusters = clustersOf();
	const [left, entered] = [access('left'), access('entered')];
	clusters.add(left.one);
	await clusters.reach(['entered'], async () => entered.one);
	const back = await clusters.reach(['left'], async () => access('opened twice').one);
	t.is(valueOf(back)?.access, left.one);
	clusters.close();
	t.deepEqual([left.closed(), entered.closed()], [1, 1]);
});

test('a cluster that a tail and a switch open at once stays open once', async t => {
	const clusters = clustersOf();
	const [first, second] = [access('shared'), access('shared')];
	const opening = Promise.withResolvers<ClusterClient>();
	const ofTail = clusters.open('shared', async () => opening.promise);
	const shown = await clusters.reach(['shared'], async () => first.one);
	opening.resolve(second.one);
	t.is(await ofTail, valueOf(shown)!);
	t.is(clusters.get('shared')?.access, first.one);
	t.deepEqual([first.closed(), second.closed()], [0, 1]);
});

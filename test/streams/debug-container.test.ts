/** Changes to a pod by its UID. */
import {json} from 'node:stream/consumers';
import test, {type ExecutionContext} from 'ava';
import type {ClusterClient} from '../../source/cluster/cluster-client.ts';
import type {PodObject} from '../../source/cluster/targets/pod-object.ts';
import {addDebugContainer, deletePodNow} from '../../source/streams/debug-container.ts';
import {clusterThat, refuse, reply} from '../support/api-server.ts';

type Body = {metadata?: {uid?: string}; preconditions?: {uid?: string}};

/** As an apiserver, refuses to change a pod by another UID than `uid`. */
async function given(t: ExecutionContext, uid: string) {
	const changed: string[] = [];
	const cluster = await clusterThat(t, async (request, response, query) => {
		const body = (await json(request)) as Body;
		const isPatch = request.method === 'PATCH';
		const named = isPatch ? body.metadata?.uid : body.preconditions?.uid;
		const [code, message] = isPatch
			? [422, `Pod "db-0" is invalid: metadata.uid: Invalid value: "${named}": field is immutable`]
			: [
					409,
					`Operation cannot be fulfilled on Pod "db-0": the UID in the precondition (${named}) does not match the UID in record (${uid})`,
				];
		const isSame = named === undefined || named === uid;
		changed.push(...(isSame ? [request.method!] : []));
		const answer = isSame
			? reply(200, {apiVersion: 'v1', kind: 'Pod', metadata: {name: 'db-0', uid}, spec: {containers: []}})
			: refuse(code, message);
		answer(request, response, query);
	});
	return {changed, cluster};
}

const pod = {metadata: {name: 'db-0', namespace: 'default', uid: 'first'}, spec: {containers: []}} as PodObject;

for (const [title, method, change] of [
	['a debug container is added', 'PATCH', async (cluster: ClusterClient) => addDebugContainer(cluster, pod, {name: 'late', image: 'x'})],
	['a pod is deleted', 'DELETE', async (cluster: ClusterClient) => deletePodNow(cluster, pod)],
] as const) {
	test(`${title} only if the name still belongs to the same pod`, async t => {
		const same = await given(t, 'first');
		await change(same.cluster);
		t.deepEqual(same.changed, [method]);
		const other = await given(t, 'second');
		await t.throwsAsync(change(other.cluster), {
			code: 'ERR_TARGET_GONE',
			message: 'pod db-0 was replaced; the new pod of that name was not changed',
		});
		t.deepEqual(other.changed, []);
	});
}

/** The pods of a StatefulSet as targets of their own. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {parseTarget, type ParsedTarget} from '../../targets/parse-target.ts';
import type {PodObject} from '../../targets/pod-object.ts';
import {listPods} from '../../targets/resolve-pod.ts';
import {resolveTargetPods} from '../../targets/target-pods.ts';
import {eachOfPod, type ForwardRequest} from './forward-request.ts';

/**
Each pod of the target, in order of ordinals. A forward follows the name of its pod, because the StatefulSet gives it to the next pod too.
@throws SpokeError ERR_USAGE unless a StatefulSet owns all pods, and ERR_NOT_FOUND if there are none
*/
export async function eachPod(
	cluster: ClusterClient,
	{target, namespace = cluster.facts.namespace}: {target: ParsedTarget; namespace?: string},
	signal: AbortSignal,
): Promise<ReadonlyArray<Required<Pick<ForwardRequest, 'target' | 'followed'>>>> {
	const found = await resolveTargetPods(cluster, target, namespace, signal);
	if (found.kind === 'pod') {
		throw eachOfPod(target);
	}

	const pods = await listPods(cluster, found.scope, signal);
	const other = pods.find(pod => !isOfStatefulSet(pod));
	if (other) {
		throw new SpokeError(
			'ERR_USAGE',
			`--each: no StatefulSet owns pod ${other.metadata.name} of ${target.input}, so its name does not last`,
			{
				remedy: 'forward without --each, which follows the target',
			},
		);
	}

	if (pods.length === 0) {
		throw new SpokeError('ERR_NOT_FOUND', `no pods found for ${target.input}`, {remedy: 'check its replicas and selector'});
	}

	const {service} = found;
	return pods
		.map(({metadata: {name}}) => name)
		.sort((a, b) => a.localeCompare(b, 'en', {numeric: true}))
		.map(name => ({target: parseTarget(`pod/${name}`), followed: {service}}));
}

/** Its successor has the same name. */
export function isOfStatefulSet({metadata: {ownerReferences = []}}: PodObject): boolean {
	return ownerReferences.some(({kind}) => kind === 'StatefulSet');
}

/** Resolves targets to named pods, or one workload or service to the scope that selects its pods. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {objectPath} from '../../targets/object-path.ts';
import type {ParsedTarget} from '../../targets/parse-target.ts';
import type {WorkloadObject} from '../../targets/pod-object.ts';
import {resolveTargetPods} from '../../targets/target-pods.ts';
import type {FollowTargets} from './follow-logs.ts';

/** @throws SpokeError ERR_USAGE if several targets are not all pods, and as `resolveTargetPods` */
export async function resolveFollowTargets(
	cluster: ClusterClient,
	targets: readonly ParsedTarget[],
	namespace: string,
	signal: AbortSignal,
): Promise<FollowTargets> {
	const resolved = await Promise.all(targets.map(async target => resolveTargetPods(cluster, target, namespace, signal)));
	const [only] = resolved;
	if (only?.kind === 'selected' && resolved.length === 1) {
		return {kind: 'scope', scope: only.scope, canAppear: async () => canPodsAppear(cluster, targets[0]!, namespace)};
	}

	const pods = resolved.flatMap(one => (one.kind === 'pod' ? [one.pod] : []));
	if (pods.length < resolved.length) {
		throw new SpokeError(
			'ERR_USAGE',
			`${targets.map(({input: asked}) => asked).join(' ')} cannot be followed together: several targets must all be pods`,
			{remedy: 'follow workloads one at a time, or use -l SELECTOR'},
		);
	}

	return {kind: 'pods', pods};
}

async function canPodsAppear(cluster: ClusterClient, {resource, name}: ParsedTarget, namespace: string): Promise<boolean> {
	try {
		const {status} = await cluster.json<WorkloadObject>({path: objectPath(resource, namespace, name)});
		return (
			resource.kind !== 'Job' ||
			(status?.conditions ?? []).every(({type, status: holds}) => holds !== 'True' || (type !== 'Complete' && type !== 'Failed'))
		);
	} catch (error) {
		if (error instanceof SpokeError && error.code === 'ERR_NOT_FOUND') {
			return false;
		}

		throw error;
	}
}

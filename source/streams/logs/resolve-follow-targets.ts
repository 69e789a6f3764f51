/** Resolves targets to named pods, or one workload or service to the scope that selects its pods. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import type {ParsedTarget} from '../../targets/parse-target.ts';
import {resolveTargetPods} from '../../targets/target-pods.ts';
import {canTargetCreatePods} from './can-pods-appear.ts';
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
		return {kind: 'scope', scope: only.scope, canAppear: async () => canTargetCreatePods(cluster, targets[0]!, namespace)};
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

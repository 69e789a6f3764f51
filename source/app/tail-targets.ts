/** Which pods a tail follows: those behind a target, or behind a selector. */
import type {ClusterAccess} from '../cluster/cluster-access.ts';
import {SpokeError} from '../errors/spoke-error.ts';
import type {ContainerChoice, FollowTargets} from '../sessions/logs/follow-logs.ts';
import {objectPath} from '../targets/object-path.ts';
import {parseTarget, type ParsedTarget} from '../targets/parse-target.ts';
import {podsBehind} from '../targets/pods-behind.ts';
import type {WorkloadObject} from '../targets/pod-object.ts';
import type {TailAsk} from './tail-run.ts';

export type TailWish = {
	/** `null` with a selector is all namespaces. */
	namespace: string | null;
	targets: readonly string[];
	selector: string | null;
	containers: ContainerChoice;
};

/** @throws SpokeError ERR_USAGE when a target cannot be read */
export function tailAsk(cluster: ClusterAccess, {namespace, targets, selector, containers}: TailWish): TailAsk {
	const parsed = targets.map(target => parseTarget(target));
	const asked = selector === null ? targets.join(' ') : `-l ${selector}`;
	return {
		title: selector === null ? targets.length === 1 ? targets[0]! : `${targets.length} targets` : `${namespace === null ? '-A ' : ''}-l ${selector}`,
		asked, containers,
		targets: async signal => selector === null
			? targetsBehind(cluster, parsed, namespace ?? cluster.facts.namespace, signal)
			: {kind: 'scope', scope: {namespace, labelSelector: selector}, mayCome: async () => true},
	};
}

async function targetsBehind(cluster: ClusterAccess, parsed: readonly ParsedTarget[], namespace: string, signal: AbortSignal): Promise<FollowTargets> {
	const behind = await Promise.all(parsed.map(async target => podsBehind(cluster, target, namespace, signal)));
	const [only] = behind;
	if (only?.kind === 'selected' && behind.length === 1) {
		return {kind: 'scope', scope: only.scope, mayCome: async () => mayHavePods(cluster, parsed[0]!, namespace)};
	}

	const pods = behind.flatMap(found => found.kind === 'pod' ? [found.pod] : []);
	if (pods.length < behind.length) {
		throw new SpokeError('ERR_USAGE', 'several targets must all be pods', {remedy: 'tail workloads one by one, or by -l SELECTOR'});
	}

	return {kind: 'pods', pods};
}

/** False once the workload is gone, or a job is complete. */
async function mayHavePods(cluster: ClusterAccess, {resource, name}: ParsedTarget, namespace: string): Promise<boolean> {
	try {
		const {status} = await cluster.json<WorkloadObject>({path: objectPath(resource, namespace, name)});
		return (status?.conditions ?? []).every(({type, status: holds}) => !(resource.kind === 'Job' && holds === 'True' && (type === 'Complete' || type === 'Failed')));
	} catch (error) {
		if (error instanceof SpokeError && error.code === 'ERR_NOT_FOUND') {
			return false;
		}

		throw error;
	}
}

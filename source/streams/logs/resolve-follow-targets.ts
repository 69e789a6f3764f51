/** Resolves targets to named pods, or one workload or service to the scope that selects its pods. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import type {ParsedTarget} from '../../cluster/targets/parse-target.ts';
import {ifFound} from '../../cluster/list.ts';
import {resolveTargetPods} from '../../cluster/targets/target-pods.ts';
import type {FollowTargets} from './follow-logs.ts';
import {objectPath, findResource} from '../../cluster/targets/resource-names.ts';
import type {PodObject, WorkloadObject} from '../../cluster/targets/pod-object.ts';

export type PodController = {apiVersion?: string; kind: string; name: string; namespace: string};

type Reader = Pick<ClusterClient, 'json'>;

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

export function controllerOf({metadata: {ownerReferences, namespace = 'default'}}: PodObject): PodController | null {
	const owner = ownerReferences?.find(({controller}) => controller);
	return owner ? {...owner, namespace} : null;
}

/** False if the object is deleted, or a job is complete or has failed. @throws SpokeError if it cannot be read */
export async function canTargetCreatePods(
	cluster: Reader,
	{resource, name}: Pick<ParsedTarget, 'resource' | 'name'>,
	namespace: string,
): Promise<boolean> {
	const object = await readWorkload(cluster, {resource, name}, namespace);
	return object !== null && !(resource.kind === 'Job' && hasEnded(object));
}

/**
Whether another pod of a selector can appear after those of `controllers`, of which `null` is for a pod without one.
Only jobs end by themselves: a pod without a controller has no successor, and other controllers replace their pods.
@throws SpokeError if a job cannot be read and no other controller is left
*/
export async function canSelectorGainPods(
	cluster: Reader,
	controllers: ReadonlyArray<PodController | null>,
	selector: string,
): Promise<boolean> {
	const known = controllers.filter(one => one !== null);
	if (controllers.length === 0 || known.some(one => !isJob(one))) {
		return true;
	}

	for (const {name, namespace} of known) {
		if (await canJobCreatePods(cluster, name, namespace, selector)) {
			return true;
		}
	}

	return false;
}

async function canJobCreatePods(cluster: Reader, name: string, namespace: string, selector: string): Promise<boolean> {
	const job = await readWorkload(cluster, {resource: findResource('jobs')!, name}, namespace);
	if (job && !hasEnded(job)) {
		return true;
	}

	if (selectsOneJob(selector)) {
		return false;
	}

	const owner = job?.metadata.ownerReferences?.find(({controller}) => controller);
	if (owner && owner.kind !== 'CronJob') {
		return true;
	}

	const cronJob = owner?.name ?? (job === null ? cronJobOf(name) : undefined);
	return cronJob !== undefined && canTargetCreatePods(cluster, {resource: findResource('cronjobs')!, name: cronJob}, namespace);
}

/** A deleted job names no owner. @see k8s.io/kubernetes pkg/controller/cronjob/utils.go getJobName: the scheduled time, in minutes */
function cronJobOf(job: string): string | undefined {
	return /^(.+)-\d{8,}$/.exec(job)?.[1];
}

/** Schedulers have kinds named Job too. */
function isJob({apiVersion = 'batch/v1', kind}: PodController): boolean {
	return kind === 'Job' && apiVersion.startsWith('batch/');
}

/** No later run of a cron job has these labels. */
function selectsOneJob(selector: string): boolean {
	return /(?:^|,)\s*(?:batch\.kubernetes\.io\/)?(?:job-name|controller-uid)\s*(?:=|in\b)/.test(selector);
}

function hasEnded({status}: WorkloadObject): boolean {
	return (status?.conditions ?? []).some(({type, status: holds}) => holds === 'True' && (type === 'Complete' || type === 'Failed'));
}

/** `null` if there is none. */
async function readWorkload(
	cluster: Reader,
	{resource, name}: Pick<ParsedTarget, 'resource' | 'name'>,
	namespace: string,
): Promise<WorkloadObject | null> {
	return ifFound(async () => cluster.json<WorkloadObject>({path: objectPath(resource, namespace, name)}));
}

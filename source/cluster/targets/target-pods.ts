/** The pods of a target. */
import {abortableDelay} from '../../base/async/clock.ts';
import type {ClusterClient} from '../cluster-client.ts';
import {listAll} from '../list.ts';
import type {CheckedObject} from '../object-shapes.ts';
import {SpokeError, toSpokeError} from '../../base/errors/spoke-error.ts';
import {selectorText} from './label-selector.ts';
import {listPath, objectPath, findResource} from './resource-names.ts';
import type {ParsedTarget} from './parse-target.ts';
import type {CronJobObject, ObjectMeta, PodObject, ServiceObject, WorkloadObject} from './pod-object.ts';
import {quoteForShell} from '../../base/text/escaping.ts';

/** A `null` namespace means all. */
export type PodScope = {
	namespace: string | null;
	labelSelector?: string;
	fieldSelector?: string;
	includes?: (pod: PodObject) => Promise<boolean>;
};

type TargetPods =
	| {kind: 'pod'; pod: PodObject}
	| {
			kind: 'selected';
			scope: PodScope & {labelSelector: string};
			owner: WorkloadObject | ServiceObject | CronJobObject;
			service: ServiceObject | null;
	  };

/** A better message is not worth a long wait. */
const namespaceReadTimeoutMs = 5000;

/** Excludes the 404 of a gateway. */
const notFoundMessage = /^[a-z.]+ ".*" not found$/;

/**
@throws SpokeError ERR_NOT_FOUND, ERR_FORBIDDEN…, and ERR_USAGE for a node or a service without a selector
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/polymorphichelpers/helpers.go SelectorsForObject
*/
export async function resolveTargetPods(
	cluster: ClusterClient,
	target: ParsedTarget,
	namespace: string,
	signal?: AbortSignal,
): Promise<TargetPods> {
	const {resource, name, input: asked} = target;
	if (resource.kind === 'Node') {
		throw new SpokeError('ERR_USAGE', `target ${JSON.stringify(asked)} is a node, but this command needs a pod`, {
			remedy: 'use `spoke proxy` to reach nodes',
		});
	}

	const object = await cluster
		.json<PodObject & WorkloadObject & ServiceObject & CronJobObject>({
			path: objectPath(resource, namespace, name),
			...(signal && {signal}),
		})
		.catch(async (thrown: unknown) => {
			const error = await explainNotFound(cluster, thrown, namespace, signal);
			const namesake =
				resource.kind === 'Pod' && error.code === 'ERR_NOT_FOUND' ? await findNamesake(cluster, name, namespace, signal) : null;
			throw namesake === null ? error : error.withChanges({remedy: `did you mean ${namesake}? ${error.remedy ?? ''}`});
		});
	if (resource.kind === 'Pod') {
		return {kind: 'pod', pod: object};
	}

	if (resource.kind === 'CronJob') {
		const includes = await cronJobPodFilter(cluster, object.metadata, namespace, signal);
		return {kind: 'selected', scope: {namespace, labelSelector: jobPodLabel, includes}, owner: object, service: null};
	}

	const labelSelector =
		resource.kind === 'Service' || resource.kind === 'ReplicationController'
			? selectorText({matchLabels: (object.spec?.selector as Readonly<Record<string, string>> | undefined) ?? {}})
			: selectorText(object.spec?.selector);
	if (!labelSelector) {
		throw new SpokeError('ERR_NOT_FOUND', `${asked} selects no pods: ${resource.kind} is defined without a selector`, {
			remedy: 'name a pod',
		});
	}

	return {kind: 'selected', scope: {namespace, labelSelector}, owner: object, service: resource.kind === 'Service' ? object : null};
}

export async function filterByScope({includes}: PodScope, pods: readonly PodObject[]): Promise<PodObject[]> {
	if (!includes) {
		return [...pods];
	}

	const included = await Promise.all(pods.map(async pod => includes(pod)));
	return pods.filter((_, index) => included[index]);
}

export function scopeQuery({labelSelector, fieldSelector}: PodScope): Record<string, string> {
	return {...(labelSelector !== undefined && {labelSelector}), ...(fieldSelector !== undefined && {fieldSelector})};
}

const jobPodLabel = 'job-name';

const jobRetryDelayMs = 1000;
/** Longer than most interruptions. */
const maxJobReads = 30;
const jobResource = findResource('jobs')!;

type JobObject = CheckedObject<'jobs'>;

/**
Nothing on a pod names the cron job. Lists the jobs once, and reads a later job when its first pod appears.
@throws SpokeError ERR_FORBIDDEN… without permission to list jobs
*/
export async function cronJobPodFilter(
	cluster: ClusterClient,
	{name}: ObjectMeta,
	namespace: string,
	signal?: AbortSignal,
): Promise<(pod: PodObject) => Promise<boolean>> {
	// By name, to follow a recreated cron job.
	const isOurs = ({metadata: {ownerReferences = []}}: JobObject) =>
		ownerReferences.some(owner => owner.kind === 'CronJob' && owner.name === name);
	const {items} = await listAll<JobObject>(cluster, {path: listPath(jobResource, namespace), ...(signal && {signal})});
	const known = new Map<string, Promise<boolean>>(items.map(job => [job.metadata.uid ?? '', Promise.resolve(isOurs(job))]));
	return async ({metadata: {ownerReferences = []}}) => {
		const job = ownerReferences.find(({kind}) => kind === 'Job');
		if (!job) {
			return false;
		}

		const belongs = known.get(job.uid) ?? readJob(cluster, namespace, job, signal).then(found => found !== null && isOurs(found));
		known.set(job.uid, belongs);
		belongs.catch(() => {
			known.delete(job.uid);
		});
		return belongs;
	};
}

/** `null` for a deleted job. Retries while the cluster is unreachable. */
async function readJob(
	cluster: Pick<ClusterClient, 'json'>,
	namespace: string,
	{name, uid}: {name: string; uid: string},
	signal?: AbortSignal,
): Promise<JobObject | null> {
	for (let tries = 1; ; tries++) {
		try {
			const job = await cluster.json<JobObject>({path: objectPath(jobResource, namespace, name), ...(signal && {signal})});
			return job.metadata.uid === uid ? job : null;
		} catch (thrown) {
			const {code} = toSpokeError(thrown);
			if (code === 'ERR_NOT_FOUND') {
				return null;
			}

			if (code === 'ERR_FORBIDDEN' || code === 'ERR_CREDENTIALS' || code === 'ERR_INTERNAL' || signal?.aborted || tries >= maxJobReads) {
				throw thrown;
			}
		}

		await abortableDelay(jobRetryDelayMs, signal);
	}
}

/** An apiserver responds the same for a missing namespace as for a missing object. The remedy lists what there is. */
export async function explainNotFound(
	cluster: Pick<ClusterClient, 'json'>,
	thrown: unknown,
	namespace: string,
	signal?: AbortSignal,
): Promise<SpokeError> {
	const error = toSpokeError(thrown);
	if (error.code !== 'ERR_NOT_FOUND' || !notFoundMessage.test(error.message)) {
		return error;
	}

	const namespaceError = await readNamespaceError(cluster, namespace, signal);
	return namespaceError?.startsWith('namespaces ')
		? error.withChanges({message: namespaceError, remedy: 'list them with `kubectl get namespaces`'})
		: error.withChanges({
				message: `${error.message} in namespace ${JSON.stringify(namespace)}`,
				remedy: `list them with \`kubectl get ${error.message.split(' ', 1)[0]} -n ${quoteForShell(namespace)}\``,
			});
}

/** The workload or service with the name of a pod that does not exist. */
async function findNamesake(
	cluster: ClusterClient,
	name: string,
	namespace: string,
	signal: AbortSignal | undefined,
): Promise<string | null> {
	const kinds = ['deploy', 'sts', 'ds', 'job', 'svc'];
	const paths = kinds.map(kind => objectPath(findResource(kind)!, namespace, name));
	const reads = paths.map(async path => cluster.json({path, timeoutMs: namespaceReadTimeoutMs, ...(signal && {signal})}));
	const found = (await Promise.allSettled(reads)).findIndex(({status}) => status === 'fulfilled');
	return found === -1 ? null : `${kinds[found]}/${name}`;
}

async function readNamespaceError(
	cluster: Pick<ClusterClient, 'json'>,
	namespace: string,
	signal: AbortSignal | undefined,
): Promise<string | null> {
	try {
		const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}`;
		await cluster.json({path, timeoutMs: namespaceReadTimeoutMs, ...(signal && {signal})});
		return null;
	} catch (thrown) {
		const {code, message} = toSpokeError(thrown);
		return code === 'ERR_NOT_FOUND' && notFoundMessage.test(message) ? message : null;
	}
}

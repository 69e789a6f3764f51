/** Which pods stand behind a target: one by its name, or those that a workload or service selects. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {SpokeError} from '../errors/spoke-error.ts';
import {selectorText} from './label-selector.ts';
import {objectPath} from './object-path.ts';
import {explainNotFound} from './explain-not-found.ts';
import type {ParsedTarget} from './parse-target.ts';
import type {CronJobObject, PodObject, ServiceObject, WorkloadObject} from './pod-object.ts';
import {jobPodLabel, cronJobPodFilter} from './cron-job-pods.ts';

/** Where to look for pods. A `null` namespace means all. */
export type PodScope = {
	namespace: string | null;
	labelSelector?: string;
	fieldSelector?: string;
	/** Where no selector can tell: which of them are meant. */
	includes?: (pod: PodObject) => Promise<boolean>;
};

export type TargetPods =
	| {kind: 'pod'; pod: PodObject}
	| {
			kind: 'selected';
			scope: PodScope & {labelSelector: string};
			owner: WorkloadObject | ServiceObject | CronJobObject;
			service: ServiceObject | null;
	  };

/**
Reads the target's object, and its namespace where there is no such object.
@throws SpokeError ERR_NOT_FOUND, ERR_FORBIDDEN…, and ERR_USAGE for a node or a service without a selector.
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/kubectl/pkg/polymorphichelpers/helpers.go SelectorsForObject
*/
export async function resolveTargetPods(
	cluster: ClusterClient,
	target: ParsedTarget,
	namespace: string,
	signal?: AbortSignal,
): Promise<TargetPods> {
	const {resource, name, asked} = target;
	if (resource.kind === 'Node') {
		throw new SpokeError('ERR_USAGE', `target ${JSON.stringify(asked)} is a node: a pod is needed here`, {
			remedy: 'nodes can be reached by `spoke proxy`',
		});
	}

	const object = await cluster
		.json<PodObject & WorkloadObject & ServiceObject & CronJobObject>({
			path: objectPath(resource, namespace, name),
			...(signal && {signal}),
		})
		.catch(async (thrown: unknown) => {
			throw await explainNotFound(cluster, thrown, namespace, signal);
		});
	if (resource.kind === 'Pod') {
		return {kind: 'pod', pod: object};
	}

	if (resource.kind === 'CronJob') {
		const isMeant = await cronJobPodFilter(cluster, object.metadata, namespace, signal);
		return {kind: 'selected', scope: {namespace, labelSelector: jobPodLabel, includes: isMeant}, owner: object, service: null};
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

/** Those of `pods` that the scope means. */
export async function filterByScope({includes: isMeant}: PodScope, pods: readonly PodObject[]): Promise<PodObject[]> {
	if (!isMeant) {
		return [...pods];
	}

	const meant = await Promise.all(pods.map(async pod => isMeant(pod)));
	return pods.filter((_, index) => meant[index]);
}

/** The query of a list or watch in this scope. */
export function scopeQuery({labelSelector, fieldSelector}: PodScope): Record<string, string> {
	return {...(labelSelector !== undefined && {labelSelector}), ...(fieldSelector !== undefined && {fieldSelector})};
}

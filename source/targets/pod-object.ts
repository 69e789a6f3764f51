/** The Kubernetes objects of target selection. */
import type {CheckedObject} from '../cluster/object-shapes.ts';

export type PodObject = CheckedObject<'pods'>;
export type ObjectMeta = PodObject['metadata'];

/** A container. Its restart policy overrides the pod's (sidecars, and any container since 1.34). */
export type ContainerSpec = PodObject['spec']['containers'][number];
export type ContainerPort = NonNullable<ContainerSpec['ports']>[number];

type PodStatus = NonNullable<PodObject['status']>;
export type PodCondition = NonNullable<PodStatus['conditions']>[number];
export type ContainerStatus = NonNullable<PodStatus['containerStatuses']>[number];
export type ContainerState = NonNullable<ContainerStatus['state']>;
export type Termination = NonNullable<ContainerState['terminated']>;

export type WorkloadObject = CheckedObject<'deployments'>;
export type LabelSelector = NonNullable<NonNullable<WorkloadObject['spec']>['selector']>;

/** Has no selector, only jobs. */
export type CronJobObject = CheckedObject<'cronjobs'>;

export type ServiceObject = CheckedObject<'services'>;
export type ServicePort = NonNullable<NonNullable<ServiceObject['spec']>['ports']>[number];

/** A recreated pod of the same name is another pod. */
export function podKey({metadata: {uid, namespace, name}}: PodObject): string {
	return uid ?? `${namespace}/${name}`;
}

/** All containers have ended and none will restart. */
export function isPodTerminated({status}: Pick<PodObject, 'status'>): boolean {
	return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

/** Resource names that kubectl accepts. */
import {SpokeError} from '../../base/errors/spoke-error.ts';

export type TargetResource = {
	plural:
		| 'pods'
		| 'services'
		| 'nodes'
		| 'deployments'
		| 'statefulsets'
		| 'daemonsets'
		| 'replicasets'
		| 'replicationcontrollers'
		| 'jobs'
		| 'cronjobs';
	kind: string;
	api: string;
	namespaced: boolean;
	/** Names that are used without a group. */
	names: readonly string[];
	/** Group in `deployments.apps` and `deployments.v1.apps`. */
	group: string;
};

export const targetResources: readonly TargetResource[] = [
	{plural: 'pods', kind: 'Pod', api: '/api/v1', namespaced: true, names: ['pods', 'pod', 'po'], group: ''},
	{plural: 'services', kind: 'Service', api: '/api/v1', namespaced: true, names: ['services', 'service', 'svc'], group: ''},
	{plural: 'nodes', kind: 'Node', api: '/api/v1', namespaced: false, names: ['nodes', 'node', 'no'], group: ''},
	{
		plural: 'replicationcontrollers',
		kind: 'ReplicationController',
		api: '/api/v1',
		namespaced: true,
		names: ['replicationcontrollers', 'replicationcontroller', 'rc'],
		group: '',
	},
	{
		plural: 'deployments',
		kind: 'Deployment',
		api: '/apis/apps/v1',
		namespaced: true,
		names: ['deployments', 'deployment', 'deploy'],
		group: 'apps',
	},
	{
		plural: 'statefulsets',
		kind: 'StatefulSet',
		api: '/apis/apps/v1',
		namespaced: true,
		names: ['statefulsets', 'statefulset', 'sts'],
		group: 'apps',
	},
	{
		plural: 'daemonsets',
		kind: 'DaemonSet',
		api: '/apis/apps/v1',
		namespaced: true,
		names: ['daemonsets', 'daemonset', 'ds'],
		group: 'apps',
	},
	{
		plural: 'replicasets',
		kind: 'ReplicaSet',
		api: '/apis/apps/v1',
		namespaced: true,
		names: ['replicasets', 'replicaset', 'rs'],
		group: 'apps',
	},
	{plural: 'jobs', kind: 'Job', api: '/apis/batch/v1', namespaced: true, names: ['jobs', 'job'], group: 'batch'},
	{plural: 'cronjobs', kind: 'CronJob', api: '/apis/batch/v1', namespaced: true, names: ['cronjobs', 'cronjob', 'cj'], group: 'batch'},
];

type ResourcePath = Pick<TargetResource, 'api' | 'namespaced'> & {plural: string};

export function findResource(kindName: string): TargetResource | undefined {
	const [name = '', ...qualifiers] = kindName.toLowerCase().split('.');
	const group = /^v\d+((alpha|beta)\d+)?$/.test(qualifiers[0] ?? '') ? qualifiers.slice(1).join('.') : qualifiers.join('.');
	return targetResources.find(resource => resource.names.includes(name) && (qualifiers.length === 0 || group === resource.group));
}

export const podResource = targetResources.find(({kind}) => kind === 'Pod')!;

/**
@throws SpokeError ERR_USAGE
@see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/apimachinery/pkg/api/validate/content/path.go
*/
export function validateSegment(part: 'name' | 'namespace', text: string): string {
	if (text === '' || text === '.' || text === '..' || /[/%]/.test(text)) {
		throw new SpokeError('ERR_USAGE', `invalid ${part} ${JSON.stringify(text)}: it must not be empty, "." or "..", nor contain "/" or "%"`);
	}

	return text;
}

/** Ignores the namespace for cluster-scoped resources. */
export function objectPath(resource: ResourcePath, namespace: string, name: string, subresource?: string): string {
	const path = `${listPath(resource, namespace)}/${encodeURIComponent(validateSegment('name', name))}`;
	return subresource === undefined ? path : `${path}/${subresource}`;
}

/** `null`: all namespaces. */
export function listPath(resource: ResourcePath, namespace: string | null): string {
	return resource.namespaced && namespace !== null
		? `${resource.api}/namespaces/${encodeURIComponent(validateSegment('namespace', namespace))}/${resource.plural}`
		: `${resource.api}/${resource.plural}`;
}

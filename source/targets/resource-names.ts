/** Resource names that kubectl accepts. */

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

export function findResource(kindName: string): TargetResource | undefined {
	const [name = '', ...qualifiers] = kindName.toLowerCase().split('.');
	const group = /^v\d+((alpha|beta)\d+)?$/.test(qualifiers[0] ?? '') ? qualifiers.slice(1).join('.') : qualifiers.join('.');
	return targetResources.find(resource => resource.names.includes(name) && (qualifiers.length === 0 || group === resource.group));
}

export const podResource = targetResources.find(({kind}) => kind === 'Pod')!;

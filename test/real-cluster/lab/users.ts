/**
Permissions of the fixture's users. `admin` is system:masters; `monitor` and `plain` are developers of `demo`, `monitor` also of
system:monitoring.
*/

export const namespace = 'demo';

export const userObjects: readonly object[] = [
	{apiVersion: 'v1', kind: 'Namespace', metadata: {name: namespace}},
	{
		apiVersion: 'rbac.authorization.k8s.io/v1',
		kind: 'Role',
		metadata: {name: 'developer', namespace},
		rules: [
			{apiGroups: [''], resources: ['pods', 'pods/log', 'services', 'endpoints', 'events', 'configmaps'], verbs: ['get', 'list', 'watch']},
			{apiGroups: ['apps'], resources: ['deployments', 'replicasets', 'statefulsets', 'daemonsets'], verbs: ['get', 'list', 'watch']},
			{apiGroups: ['batch'], resources: ['jobs', 'cronjobs'], verbs: ['get', 'list', 'watch']},
			{apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'list', 'watch']},
			{apiGroups: [''], resources: ['pods/exec', 'pods/attach', 'pods/portforward'], verbs: ['create', 'get']},
			{apiGroups: [''], resources: ['pods/proxy', 'services/proxy'], verbs: ['get', 'create', 'update', 'patch', 'delete']},
		],
	},
	{
		apiVersion: 'rbac.authorization.k8s.io/v1',
		kind: 'RoleBinding',
		metadata: {name: 'developers', namespace},
		roleRef: {apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'developer'},
		subjects: ['monitor', 'plain'].map(name => ({apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name})),
	},
];

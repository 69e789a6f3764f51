/** The two ClusterRoles of docs/permissions.md. */
import {extraRequests, type PermissionSpec} from './extra-requests.ts';

type Rule = {
	apiGroups?: readonly string[];
	resources?: readonly string[];
	resourceNames?: readonly string[];
	nonResourceURLs?: readonly string[];
	verbs: readonly string[];
};
export type ClusterRole = {name: string; rules: readonly Rule[]};

/** The permissions that kubectl needs, too. Excludes `nodes/proxy`, which runs commands in every pod of a node. */
export const userRole: ClusterRole = {
	name: 'spoke-user',
	rules: [
		{apiGroups: [''], resources: ['pods', 'services', 'endpoints', 'events', 'namespaces'], verbs: ['get', 'list', 'watch']},
		{apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'list', 'watch']},
		{apiGroups: ['apps'], resources: ['deployments', 'replicasets', 'statefulsets', 'daemonsets'], verbs: ['get', 'list', 'watch']},
		{apiGroups: ['batch'], resources: ['jobs', 'cronjobs'], verbs: ['get', 'list', 'watch']},
		{apiGroups: [''], resources: ['pods/log'], verbs: ['get']},
		{apiGroups: [''], resources: ['pods/exec', 'pods/attach', 'pods/portforward'], verbs: ['get', 'create']},
		{apiGroups: [''], resources: ['pods/proxy', 'services/proxy'], verbs: ['get', 'create', 'update', 'patch', 'delete']},
	],
};

/** Read-only, except for idle port-forwards and the agents' metrics, which only `--probe active` uses. */
export const evidenceReaderRole: ClusterRole = {
	name: 'spoke-evidence-reader',
	rules: byThing(extraRequests.flatMap(({permission}) => (permission ? [ruleOf(permission)] : []))),
};

export function manifest({name, rules}: ClusterRole): string {
	const list = (items: readonly string[]) => `[${items.map(item => JSON.stringify(item)).join(', ')}]`;
	return [
		'apiVersion: rbac.authorization.k8s.io/v1',
		'kind: ClusterRole',
		`metadata: {name: ${name}}`,
		'rules:',
		...rules.map(
			rule =>
				`- {${Object.entries(rule)
					.map(([key, items]) => `${key}: ${list(items)}`)
					.join(', ')}}`,
		),
	].join('\n');
}

function byThing(rules: readonly Rule[]): readonly Rule[] {
	const groups = Map.groupBy(rules, rule => JSON.stringify({...rule, verbs: []}));
	return [...groups.values()].map(group => ({...group[0]!, verbs: [...new Set(group.flatMap(({verbs}) => verbs))]}));
}

function ruleOf(right: PermissionSpec): Rule {
	if (right.kind === 'path') {
		return {nonResourceURLs: right.paths, verbs: right.verbs};
	}

	const {groups, resources, resourceNames, verbs} = right;
	return {apiGroups: groups, resources, ...(resourceNames ? {resourceNames} : {}), verbs};
}

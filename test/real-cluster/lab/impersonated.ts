/** Impersonated people with exact permissions for one test. */
import type {Cluster} from '../support/cluster.ts';
import {apply} from './kubectl.ts';
import {namespace} from './users.ts';

export type Rule = {apiGroups?: string[]; resources?: string[]; nonResourceURLs?: string[]; verbs: string[]};

export const url = (path: string): Rule => ({nonResourceURLs: [path], verbs: ['get']});
export const resource = (resources: string[], verbs: string[], apiGroups = ['']): Rule => ({apiGroups, resources, verbs});

const group = 'rbac.authorization.k8s.io';
const subjects = (name: string) => [{apiGroup: group, kind: 'User', name}];

/** Each can read pods of `demo`, and what `rules` allow everywhere. Resolves when the apiservers know. */
export async function applyPeople(cluster: Cluster, people: ReadonlyArray<{name: string; rules: readonly Rule[]}>): Promise<void> {
	await apply(cluster.kubeconfig('off-direct'), [
		{apiVersion: `${group}/v1`, kind: 'Role', metadata: {name: 'reads-pods', namespace}, rules: [resource(['pods'], ['get', 'list'])]},
		...people.flatMap(({name, rules}) => [
			{
				apiVersion: `${group}/v1`,
				kind: 'RoleBinding',
				metadata: {name, namespace},
				roleRef: {apiGroup: group, kind: 'Role', name: 'reads-pods'},
				subjects: subjects(name),
			},
			...(rules.length === 0
				? []
				: [
						{apiVersion: `${group}/v1`, kind: 'ClusterRole', metadata: {name}, rules},
						{
							apiVersion: `${group}/v1`,
							kind: 'ClusterRoleBinding',
							metadata: {name},
							roleRef: {apiGroup: group, kind: 'ClusterRole', name},
							subjects: subjects(name),
						},
					]),
		]),
	]);
	// Apiservers learn of permissions by a watch.
	await new Promise(resolve => {
		setTimeout(resolve, 2000);
	});
}

export async function bindRoleTo(cluster: Cluster, role: string, person: string): Promise<void> {
	await apply(cluster.kubeconfig('off-direct'), [
		{
			apiVersion: `${group}/v1`,
			kind: 'ClusterRoleBinding',
			metadata: {name: role},
			roleRef: {apiGroup: group, kind: 'ClusterRole', name: role},
			subjects: subjects(person),
		},
	]);
}

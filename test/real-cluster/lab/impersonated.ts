/** Impersonated users with exactly the permissions that one test needs. */
import type {Cluster} from '../support/cluster.ts';
import {apply} from './kubectl.ts';
import {namespace} from './users.ts';

export type Rule = {apiGroups?: string[]; resources?: string[]; nonResourceURLs?: string[]; verbs: string[]};

export const url = (path: string): Rule => ({nonResourceURLs: [path], verbs: ['get']});
export const resource = (resources: string[], verbs: string[], apiGroups = ['']): Rule => ({apiGroups, resources, verbs});

const group = 'rbac.authorization.k8s.io';
const subjects = (name: string) => [{apiGroup: group, kind: 'User', name}];

/** Creates users that can read the pods of `demo`, and what `rules` allow in all namespaces. Resolves when the apiservers apply it. */
export async function applyUsers(cluster: Cluster, users: ReadonlyArray<{name: string; rules: readonly Rule[]}>): Promise<void> {
	await apply(cluster.kubeconfig('off-direct'), [
		{apiVersion: `${group}/v1`, kind: 'Role', metadata: {name: 'reads-pods', namespace}, rules: [resource(['pods'], ['get', 'list'])]},
		...users.flatMap(({name, rules}) => [
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

export async function bindRoleTo(cluster: Cluster, role: string, user: string): Promise<void> {
	await apply(cluster.kubeconfig('off-direct'), [
		{
			apiVersion: `${group}/v1`,
			kind: 'ClusterRoleBinding',
			metadata: {name: role},
			roleRef: {apiGroup: group, kind: 'ClusterRole', name: role},
			subjects: subjects(user),
		},
	]);
}

/** Impersonated users with exactly the permissions that one test needs. */
import type {Cluster, LabServer} from '../support/cluster.ts';
import {namespace} from './users.ts';
import {waitFor} from './wait.ts';

export type Rule = {
	apiGroups?: readonly string[];
	resources?: readonly string[];
	resourceNames?: readonly string[];
	nonResourceURLs?: readonly string[];
	verbs: readonly string[];
};

export const url = (path: string): Rule => ({nonResourceURLs: [path], verbs: ['get']});
export const resource = (resources: string[], verbs: string[], apiGroups = ['']): Rule => ({apiGroups, resources, verbs});

const group = 'rbac.authorization.k8s.io';
const subjects = (name: string) => [{apiGroup: group, kind: 'User', name}];

/** Creates users that can read the pods of `demo`, and what `rules` allow in all namespaces. Resolves when the servers allow it. */
export async function applyUsers(
	cluster: Cluster,
	servers: readonly LabServer[],
	users: ReadonlyArray<{name: string; rules: readonly Rule[]}>,
): Promise<void> {
	await cluster.apply(
		{apiVersion: `${group}/v1`, kind: 'Role', metadata: {name: 'reads-pods', namespace}, rules: [readsPods]},
		...users.flatMap(({name, rules}) => [
			{
				apiVersion: `${group}/v1`,
				kind: 'RoleBinding',
				metadata: {name, namespace},
				roleRef: {apiGroup: group, kind: 'Role', name: 'reads-pods'},
				subjects: subjects(name),
			},
			...(rules.length === 0 ? [] : [{apiVersion: `${group}/v1`, kind: 'ClusterRole', metadata: {name}, rules}, bindingOf(name, name)]),
		]),
	);
	// An apiserver sees objects of one kind in the order in which they were made.
	await untilAllowed(cluster, servers, users.at(-1)!.name, readsPods);
	const last = users.findLast(({rules}) => rules.length > 0);
	if (last) {
		await untilAllowed(cluster, servers, last.name, last.rules.at(-1)!);
	}
}

/** Resolves when the servers allow the user what `rule` says, which is the last that the role allows. */
export async function bindRoleTo(
	cluster: Cluster,
	servers: readonly LabServer[],
	{role, user, rule}: {role: string; user: string; rule: Rule},
): Promise<void> {
	await cluster.apply(bindingOf(role, user));
	await untilAllowed(cluster, servers, user, rule);
}

const readsPods = resource(['pods'], ['list', 'get']);

const bindingOf = (role: string, user: string) => ({
	apiVersion: `${group}/v1`,
	kind: 'ClusterRoleBinding',
	metadata: {name: role},
	roleRef: {apiGroup: group, kind: 'ClusterRole', name: role},
	subjects: subjects(user),
});

/** Apiservers learn of permissions by a watch. */
async function untilAllowed(cluster: Cluster, servers: readonly LabServer[], user: string, rule: Rule): Promise<void> {
	const [name = '', subresource] = (rule.resources?.[0] ?? '').split('/');
	const [api = ''] = rule.apiGroups ?? [];
	const what = rule.nonResourceURLs?.[0] ?? (api === '' ? name : `${name}.${api}`);
	const asked = [
		'auth',
		'can-i',
		rule.verbs[0]!,
		what,
		'--as',
		user,
		...(subresource === undefined ? [] : [`--subresource=${subresource}`]),
	];
	await Promise.all(
		servers.map(async server =>
			waitFor(`${user} may ${asked.slice(2, 4).join(' ')} at ${server}`, async () => (await cluster.kubectl(server, asked)).status === 0),
		),
	);
}

/** Permissions that disable actions before they fail. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {reviewAccess} from '../../cluster/self-review.ts';

type Need = {verb: string; resource: string; subresource?: string; actions: readonly string[]};

/** A late answer only delays the disabled state. */
const responseTimeoutMs = 20_000;

const needs: readonly Need[] = [
	{verb: 'get', resource: 'pods', subresource: 'log', actions: ['pods.logs', 'workloads.logs', 'services.logs']},
	{verb: 'create', resource: 'pods', subresource: 'exec', actions: ['pods.shell', 'workloads.shell', 'tail.shell']},
	{verb: 'create', resource: 'pods', subresource: 'attach', actions: ['pods.attach']},
	{
		verb: 'create',
		resource: 'pods',
		subresource: 'portforward',
		actions: ['pods.forward', 'workloads.forward', 'services.forward', 'forwards.add'],
	},
	{verb: 'get', resource: 'pods', subresource: 'proxy', actions: ['pods.proxy']},
	{verb: 'get', resource: 'services', subresource: 'proxy', actions: ['services.proxy']},
	{verb: 'get', resource: 'nodes', subresource: 'proxy', actions: ['nodes.proxy']},
	{verb: 'patch', resource: 'pods', subresource: 'ephemeralcontainers', actions: ['pods.debug']},
];

/** Asks for one name (`resourceNames`) after a refusal for the namespace. */
export async function isAllowedByName(cluster: ClusterClient, action: string, namespace: string, name: string): Promise<boolean> {
	const need = needs.find(({actions}) => actions.includes(action));
	if (!need || need.resource !== 'pods') {
		return false;
	}

	const {verb, resource, subresource} = need;
	const right = {verb, resource, ...(subresource !== undefined && {subresource}), namespace, name};
	const answer = await reviewAccess(cluster, right, AbortSignal.timeout(responseTimeoutMs)).catch(() => null);
	return answer?.allowed === true;
}

/** Rule of a Role that allows the action; `null` when no permission decides it. */
export function ruleFor(action: string): string | null {
	const need = needs.find(({actions}) => actions.includes(action));
	return need === undefined ? null : `apiGroups: [""]  resources: ["${need.resource}/${need.subresource ?? ''}"]  verbs: ["${need.verb}"]`;
}

/** Action id → missing permission. Actions whose review gets no response stay enabled. */
export async function readPermissions(cluster: ClusterClient, namespace: string): Promise<ReadonlyMap<string, string>> {
	const refused = new Map<string, string>();
	await Promise.all(
		needs.map(async ({verb, resource, subresource, actions}) => {
			const right = {verb, resource, ...(subresource !== undefined && {subresource}), ...(resource !== 'nodes' && {namespace})};
			const answer = await reviewAccess(cluster, right, AbortSignal.timeout(responseTimeoutMs)).catch(() => null);
			if (answer?.allowed === false) {
				for (const action of actions) {
					refused.set(action, `no permission to ${verb} ${resource}/${subresource ?? ''}`);
				}
			}
		}),
	);
	return refused;
}

/** Permissions that disable actions before they fail. */
import {actionSpecs, type ActionId, type ActionSpec} from '../../actions/action-table.ts';
import {Semaphore} from '../../async/semaphore.ts';
import type {Context} from '../../actions/contexts.ts';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {reviewAccess} from '../../cluster/self-review.ts';

/** `context`: the only context of the action that needs it. */
type Need = {verb: string; resource: string; subresource: string; action: ActionId; context?: Context};

/** A late answer only delays the disabled state. */
const responseTimeoutMs = 20_000;
/** Each review at the same time needs a connection with a handshake of its own. */
const maxReviews = 2;

const needs: readonly Need[] = [
	{verb: 'get', resource: 'pods', subresource: 'log', action: 'logs'},
	{verb: 'create', resource: 'pods', subresource: 'exec', action: 'shell'},
	{verb: 'create', resource: 'pods', subresource: 'attach', action: 'attach'},
	{verb: 'create', resource: 'pods', subresource: 'portforward', action: 'forward'},
	{verb: 'get', resource: 'pods', subresource: 'proxy', action: 'proxy', context: 'pods'},
	{verb: 'get', resource: 'services', subresource: 'proxy', action: 'proxy', context: 'services'},
	{verb: 'get', resource: 'nodes', subresource: 'proxy', action: 'proxy', context: 'nodes'},
	{verb: 'patch', resource: 'pods', subresource: 'ephemeralcontainers', action: 'debug'},
];

function needOf({id, context}: ActionSpec): Need | undefined {
	return needs.find(need => need.action === id && (need.context ?? context) === context);
}

/** Asks for one name (`resourceNames`) after a refusal for the namespace. */
export async function isAllowedByName(cluster: ClusterClient, action: ActionSpec, namespace: string, name: string): Promise<boolean> {
	const need = needOf(action);
	if (!need || need.resource !== 'pods') {
		return false;
	}

	const {verb, resource, subresource} = need;
	const permission = {verb, resource, subresource, namespace, name};
	const answer = await reviewAccess(cluster, permission, AbortSignal.timeout(responseTimeoutMs)).catch(() => null);
	return answer?.allowed === true;
}

/** Rule of a Role that allows the action; `null` when no permission decides it. */
export function ruleFor(action: ActionSpec): string | null {
	const need = needOf(action);
	return need === undefined ? null : `apiGroups: [""]  resources: ["${need.resource}/${need.subresource}"]  verbs: ["${need.verb}"]`;
}

/** The missing permission of each action. Actions whose review gets no response stay enabled. */
export async function findMissingPermissions(cluster: ClusterClient, namespace: string): Promise<ReadonlyMap<ActionSpec, string>> {
	const missing = new Map<ActionSpec, string>();
	const reviews = new Semaphore(maxReviews);
	await Promise.all(
		needs.map(async need => {
			const {verb, resource, subresource} = need;
			const permission = {verb, resource, subresource, ...(resource !== 'nodes' && {namespace})};
			const answer = await reviews
				.run(async () => reviewAccess(cluster, permission, AbortSignal.timeout(responseTimeoutMs)))
				.catch(() => null);
			if (answer?.allowed === false) {
				for (const action of actionSpecs.filter(spec => needOf(spec) === need)) {
					missing.set(action, `no permission to ${verb} ${resource}/${subresource}`);
				}
			}
		}),
	);
	return missing;
}

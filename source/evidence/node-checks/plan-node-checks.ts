/** Chooses, for each node, pods whose logs can be read. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {listPages, type ListPage, type TableRow, ifAllowed} from '../../cluster/list.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import type {NodeObject} from '../probes/node-to-apiserver.ts';
import {listPath, podResource} from '../../targets/resource-names.ts';
import {canI} from '../probes/access.ts';
import {marksOf} from '../rules/distributions.ts';

type CandidatePod = {namespace: string; name: string};

export type PlannedNode = {
	name: string;
	/** Its name, addresses, port and conditions; `null` if the node cannot be read. */
	node: NodeObject | null;
	/** Empty if there is no pod whose log the user can read. */
	candidates: readonly CandidatePod[];
};

export type NodeCheckPlan = {
	/** In order of their names. */
	nodes: readonly PlannedNode[];
	nodesFrom: 'nodes' | 'pods';
	/** Whose pods were listed; `null` for all namespaces. */
	namespaces: readonly string[] | null;
};

type NodeCheckScope = {
	/** Only pods of this namespace. */
	namespace?: string | undefined;
	/** Labels of nodes. */
	selector?: string | undefined;
};

/** A pod can be deleted after it was listed. */
const maxCandidates = 3;

/** Usually has a pod of a daemon set on every node, which makes other namespaces superfluous. */
const systemNamespace = 'kube-system';

/**
Lists nodes, then pods namespace by namespace until each node has one: of `kube-system`, of the context's namespace, of all. Skips
namespaces in which the user cannot list pods or read logs. If nodes cannot be listed, they are those of the pods.
@throws SpokeError ERR_FORBIDDEN if neither nodes nor pods can be listed; ERR_NOT_FOUND if there is no node
*/
export async function planNodeChecks(cluster: ClusterClient, {namespace, selector}: NodeCheckScope = {}): Promise<NodeCheckPlan> {
	const listed = await listNodes(cluster, selector);
	if (listed === null && selector !== undefined) {
		throw new SpokeError('ERR_FORBIDDEN', 'cannot list nodes, which -l requires', {remedy: 'omit -l, or request permission to list nodes'});
	}

	const candidates = new Map<string, CandidatePod[]>();
	const namespaces = await findPods(cluster, candidates, {
		scopes: namespace === undefined ? [systemNamespace, cluster.facts.namespace, null] : [namespace],
		isCovered: () => listed?.every(({name}) => candidates.has(name)) ?? false,
	});
	if (listed === null && candidates.size === 0) {
		throw new SpokeError('ERR_FORBIDDEN', 'cannot list nodes, and found no pod whose log you can read', {
			remedy: 'pass -n NAMESPACE with pods that you can list, or request permission to list nodes',
		});
	}

	const nodes = (listed ?? [...candidates.keys()].map(name => ({name, node: null})))
		.map(({name, node}) => ({name, node, candidates: candidates.get(name) ?? []}))
		.toSorted((a, b) => (a.name < b.name ? -1 : 1));
	if (nodes.length === 0) {
		throw new SpokeError('ERR_NOT_FOUND', selector === undefined ? 'no nodes found' : `no nodes found with the labels ${selector}`);
	}

	return {nodes, nodesFrom: listed === null ? 'pods' : 'nodes', namespaces};
}

/** The nodes with a pod whose log the user can read. */
export function countReadable({nodes}: NodeCheckPlan): number {
	return nodes.filter(({candidates}) => candidates.length > 0).length;
}

/** `null` without permission. */
async function listNodes(
	cluster: ClusterClient,
	selector: string | undefined,
): Promise<ReadonlyArray<Pick<PlannedNode, 'name' | 'node'>> | null> {
	return ifAllowed(async () => {
		let nodes: Array<Pick<PlannedNode, 'name' | 'node'>> = [];
		const pages = listPages<NodeObject>(cluster, {path: '/api/v1/nodes', ...(selector !== undefined && {labelSelector: selector})});
		for await (const {items, restarted} of pages) {
			nodes = restarted ? [] : nodes;
			nodes.push(...items.map(node => ({name: node.metadata.name, node: withoutImages(node)})));
		}

		return nodes;
	});
}

/** A node's list of images is most of its object. */
function withoutImages(node: NodeObject): NodeObject {
	const {name, uid} = node.metadata;
	const {addresses, daemonEndpoints, conditions} = node.status ?? {};
	const marks = marksOf(node);
	return {
		metadata: {name, ...(uid !== undefined && {uid}), ...marks.metadata},
		status: {...(addresses && {addresses}), ...(daemonEndpoints && {daemonEndpoints}), ...(conditions && {conditions}), ...marks.status},
	};
}

type PodSearch = {
	/** In order; `null` for all namespaces. */
	scopes: ReadonlyArray<string | null>;
	isCovered: () => boolean;
};

/** @returns the namespaces that were listed; `null` if all were */
async function findPods(
	cluster: ClusterClient,
	candidates: Map<string, CandidatePod[]>,
	{scopes, isCovered}: PodSearch,
): Promise<readonly string[] | null> {
	const listed: string[] = [];
	for (const namespace of new Set(scopes)) {
		if (isCovered()) {
			break;
		}

		const canRead = await canI(cluster, {verb: 'get', resource: 'pods', subresource: 'log', ...(namespace !== null && {namespace})});
		if (canRead === false || !(await addPods(cluster, candidates, {namespace, isCovered}))) {
			continue;
		}

		if (namespace === null) {
			return null;
		}

		listed.push(namespace);
	}

	return listed;
}

/** Tables without objects: a large namespace has megabytes of pods. @returns false without permission */
async function addPods(
	cluster: ClusterClient,
	candidates: Map<string, CandidatePod[]>,
	{namespace, isCovered}: {namespace: string | null; isCovered: () => boolean},
): Promise<boolean> {
	const isListed = await ifAllowed(async () => {
		const pages = listPages<TableRow>(cluster, {
			path: listPath(podResource, namespace),
			fieldSelector: 'status.phase=Running',
			pageSize: 5000,
			// Only the metadata of a row names its namespace.
			as: namespace === null ? 'table-metadata' : 'table',
		});
		for await (const page of pages) {
			addRows(candidates, page, namespace);
			if (isCovered()) {
				break;
			}
		}

		return true;
	});
	return isListed ?? false;
}

function addRows(candidates: Map<string, CandidatePod[]>, {items, columns}: ListPage<TableRow>, namespace: string | null): void {
	const column = (name: string) => columns?.findIndex(column => column.name === name) ?? -1;
	const [nameAt, statusAt, nodeAt] = [column('Name'), column('Status'), column('Node')];
	for (const {cells, object} of items) {
		const node = cells[nodeAt];
		const pod = {namespace: namespace ?? object?.metadata.namespace, name: cells[nameAt]};
		if (typeof node !== 'string' || node === '<none>' || typeof pod.name !== 'string' || typeof pod.namespace !== 'string') {
			continue;
		}

		const known = candidates.get(node) ?? [];
		if (known.length < maxCandidates && cells[statusAt] === 'Running') {
			candidates.set(node, [...known, {namespace: pod.namespace, name: pod.name}]);
		}
	}
}

/** Chooses, for each node, pods whose logs can be read. */
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {listPages, type ListPage, type TableRow, ifAllowed} from '../../cluster/list.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import type {NodeObject} from '../probes/node-to-apiserver.ts';
import {listPath, podResource} from '../../cluster/targets/resource-names.ts';
import {canI} from '../probes/access.ts';
import {marksOf} from '../rules/distributions.ts';

type CandidatePod = {namespace: string; name: string};

/** By node. */
type Candidates = Map<string, CandidatePod[]>;

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

	const scopes = namespace === undefined ? [systemNamespace, cluster.facts.namespace, null] : [namespace];
	const {candidates, namespaces} = await findPods(cluster, scopes, listed);
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

type ListedNodes = ReadonlyArray<Pick<PlannedNode, 'name' | 'node'>>;

/** `null` without permission. */
async function listNodes(cluster: ClusterClient, labelSelector: string | undefined): Promise<ListedNodes | null> {
	return ifAllowed(async () => {
		let nodes: NodeObject[] = [];
		for await (const {items, restarted} of listPages<NodeObject>(cluster, {
			path: '/api/v1/nodes',
			...(labelSelector !== undefined && {labelSelector}),
		})) {
			nodes = [...(restarted ? [] : nodes), ...items.map(node => withoutImages(node))];
		}

		return nodes.map(node => ({name: node.metadata.name, node}));
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

/**
Up to the scope in which every node has a pod; `null` is all namespaces. Lists tables without objects: a large namespace has megabytes of
pods. Returns the namespaces that were listed; `null` if all were.
*/
async function findPods(
	cluster: ClusterClient,
	scopes: ReadonlyArray<string | null>,
	nodes: ListedNodes | null,
): Promise<{candidates: Candidates; namespaces: readonly string[] | null}> {
	const candidates: Candidates = new Map();
	const namespaces: string[] = [];
	const isCovered = () => nodes?.every(({name}) => candidates.has(name)) ?? false;
	const addPods = async (namespace: string | null) => {
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
	};

	for (const namespace of new Set(scopes)) {
		if (isCovered()) {
			break;
		}

		const canRead = await canI(cluster, {verb: 'get', resource: 'pods', subresource: 'log', ...(namespace !== null && {namespace})});
		if (canRead !== false && (await ifAllowed(async () => addPods(namespace)))) {
			if (namespace === null) {
				return {candidates, namespaces: null};
			}

			namespaces.push(namespace);
		}
	}

	return {candidates, namespaces};
}

function addRows(candidates: Candidates, {items, columns}: ListPage<TableRow>, namespace: string | null): void {
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

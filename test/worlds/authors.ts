/** Who can write what: the adversaries of docs/threat-model.md. The worlds of the property draw their lies from this table. */

/** What a server sends, by who can make it up. */
export type Surface =
	/** Status line, head and body of each response of a kubelet: the apiserver wraps some of it in words of its own. */
	| 'kubelet-response'
	/** Counters of an apiserver that a far end can raise by failing. */
	| 'counters'
	| 'agent-metrics'
	/** The node’s own object: addresses, port, declared features. */
	| 'own-node'
	/** A mirror pod on the node that makes it, owned by that node. */
	| 'own-mirror-pod'
	/** Log lines, output of commands, responses to the pod and service proxy. */
	| 'workload-bytes'
	/** Pods in kube-system, with any annotation, owner and node. */
	| 'system-pods'
	| 'leases'
	| 'endpoints'
	/** Labels of nodes among them. */
	| 'nodes'
	/** The apiserver that gets a request, other requests of the same connection notwithstanding. */
	| 'request-routing'
	/** The apiserver that gets a connection. */
	| 'connection-routing'
	/** The user whom an apiserver sees, with the name of the client certificate. */
	| 'relayed-identity'
	/** Whole responses, in the name of the apiserver. */
	| 'api-response';

export type Adversary = {
	id: string;
	/** In docs/threat-model.md. */
	who: string;
	writes: readonly Surface[];
	/** In words, for the document. */
	canWrite: string;
	/** What spoke says then, each held by this property or on a real cluster. */
	spokeSays: string;
};

const nodeWrites = ['kubelet-response', 'counters', 'agent-metrics', 'own-node', 'own-mirror-pod', 'workload-bytes'] as const;

export const adversaries = [
	{
		id: 'node',
		who: 'a node, or an impostor of its kubelet where nobody verifies it',
		writes: nodeWrites,
		canWrite:
			'every response of its kubelet, and so parts of the apiserver’s own error texts; counters of failures; metrics of agents on it; its own Node object and mirror pods',
		spokeSays:
			'its words can name a failure and a remedy. They never make leg 2 `verified` or `enforced`, its route a tunnel, or its exposure `protected`',
	},
	{
		id: 'all-nodes',
		who: 'all nodes together',
		writes: nodeWrites,
		canWrite: 'the same, for every node',
		spokeSays: 'the same: no number of nodes proves anything about the apiserver',
	},
	{
		id: 'workload',
		who: 'a workload',
		writes: ['workload-bytes'],
		canWrite: 'its log lines, the output of its commands, its responses to the pod and service proxy',
		spokeSays: 'nothing of it is evidence of a path',
	},
	{
		id: 'object-writer',
		who: 'a user who can write pods in kube-system, leases, endpoints or nodes',
		writes: ['system-pods', 'leases', 'endpoints', 'nodes'],
		canWrite: 'a pod that looks like an apiserver’s, with any flags; the list of apiservers; labels of nodes',
		spokeSays:
			'verdicts that rest on such objects are `inferred` at most, and never make leg 2 `verified`, its route a tunnel or its exposure `protected`',
	},
	{
		id: 'gateway',
		who: 'a gateway that you trust, without the apiserver’s key',
		writes: ['api-response', 'request-routing', 'relayed-identity'],
		canWrite: 'every response; which apiserver gets each request',
		spokeSays: 'leg 1 is what your socket shows; nothing beyond it is better than `inferred`',
	},
	{
		id: 'gateway-with-key',
		who: 'a gateway with a certificate of the cluster’s CA, which relays who you are',
		writes: ['request-routing', 'relayed-identity'],
		canWrite: 'which apiserver gets each request; the name of your client certificate, where an apiserver trusts its headers',
		spokeSays:
			'the server is `unknown` unless your connection ends at the address that only the apiserver can have; nothing beyond leg 1 is better than `inferred`',
	},
	{
		id: 'twin',
		who: 'another apiserver behind the same address, with other flags',
		writes: ['connection-routing'],
		canWrite: 'everything about itself; it gets some of your connections',
		spokeSays:
			'verdicts about a connection are of the process that carries it; those about the next connection are `proven` only if all were read and agree',
	},
	{
		id: 'network',
		who: 'someone on the network',
		writes: ['connection-routing', 'api-response', 'kubelet-response'],
		canWrite: 'which server gets your connection; every response where leg 1 is not verified; those of a kubelet that nobody verifies',
		spokeSays: 'leg 1 is what your socket shows. An unverified leg 1 proves nothing beyond it',
	},
	{
		id: 'other-user',
		who: 'another user of this machine',
		writes: ['connection-routing', 'api-response'],
		canWrite: 'what listens on a loopback port: another server gets your connection',
		spokeSays: 'a loopback address is no evidence of the server',
	},
] as const satisfies readonly Adversary[];

export type AdversaryId = (typeof adversaries)[number]['id'];

export function canWrite(ids: readonly AdversaryId[], surface: Surface): boolean {
	return adversaries.some(({id, writes}) => ids.includes(id) && (writes as readonly Surface[]).includes(surface));
}

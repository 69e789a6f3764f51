/** Who can write what. The worlds draw their lies from this table, and docs/threat-model.md is rendered from it. */

/** What a server sends, by who can make it up: in words, for the document. */
export const surfaces = {
	'kubelet-response':
		'status line, head and body of every response of its kubelet, some of which the apiserver repeats in error texts of its own',
	'dial-errors':
		'the whole text of an error of the apiserver’s connection to any kubelet, as an agent of Konnectivity, or between the apiserver and a proxy of its environment',
	counters: 'counters of the apiserver that a far end raises by failing',
	'agent-metrics': 'metrics of the agents that run there',
	'own-node': 'its own Node object: addresses, port, declared features',
	'own-mirror-pod': 'mirror pods on itself, in the name of any component',
	'workload-bytes': 'log lines, output of commands, responses to the pod and service proxy',
	'system-pods': 'pods in kube-system, with any owner, node and flags',
	leases: 'the leases of apiservers',
	endpoints: 'the endpoints of apiservers',
	nodes: 'nodes and their labels',
	'request-routing': 'which apiserver gets each request',
	'connection-routing': 'which server gets your connection',
	'relayed-identity': 'the name of your client certificate, where an apiserver trusts the headers of a front proxy',
	'api-response': 'responses in the name of the apiserver, where you do not verify it or trust the gateway’s own certificate',
} as const;

export type Surface = keyof typeof surfaces;

type Adversary = {
	id: string;
	who: string;
	writes: readonly Surface[];
	/** Held by the property over worlds, or on a real cluster. */ spokeSays: string;
};

const nodeWrites = [
	'kubelet-response',
	'dial-errors',
	'counters',
	'agent-metrics',
	'own-node',
	'own-mirror-pod',
	'workload-bytes',
] as const;

export const adversaries = [
	{
		id: 'node',
		who: 'a node, or an impostor of a kubelet whose certificate is not verified',
		writes: nodeWrites,
		spokeSays:
			'its words can name a failure and a remedy. They never make leg 2 `verified` or `enforced`, its route a tunnel or its exposure `protected`, and nothing `proven`',
	},
	{
		id: 'all-nodes',
		who: 'all nodes together',
		writes: nodeWrites,
		spokeSays: 'the same: no number of nodes proves anything about an apiserver',
	},
	{id: 'workload', who: 'a workload', writes: ['workload-bytes'], spokeSays: 'nothing of it is evidence of a path'},
	{
		id: 'object-writer',
		who: 'a user who can write objects of the control plane',
		writes: ['system-pods', 'leases', 'endpoints', 'nodes'],
		spokeSays:
			'flags in a pod are `inferred` at most, and only if they show a leg to be worse. No object makes leg 2 `verified` or `enforced`, its route a tunnel or its exposure `protected`',
	},
	{
		id: 'gateway',
		who: 'a gateway whose own certificate you trust, without the apiserver’s key',
		writes: ['api-response', 'request-routing', 'relayed-identity'],
		spokeSays:
			'leg 1 is what your socket shows, and ends at a `gateway` or at an `unknown` server. Nothing beyond it is better than `inferred`',
	},
	{
		id: 'gateway-with-key',
		who: 'a gateway with a certificate of the cluster’s CA',
		writes: ['request-routing', 'relayed-identity'],
		spokeSays:
			'the server is `unknown`, and nothing beyond leg 1 better than `inferred`, unless the flags of the process that answers exclude a gateway',
	},
	{
		id: 'twin',
		who: 'another apiserver behind the same address, with other flags',
		writes: ['connection-routing'],
		spokeSays:
			'a verdict about a connection is of the process that carries it. One about the next connection is `proven` only if all were read and agree',
	},
	{
		id: 'network',
		who: 'someone on the network',
		writes: ['connection-routing', 'api-response', 'kubelet-response', 'dial-errors'],
		spokeSays:
			'leg 1 is what your socket shows, and nothing beyond an unverified leg 1 is better than `inferred`. A kubelet whose certificate is not verified is a node as above',
	},
	{
		id: 'other-user',
		who: 'another user of your machine',
		writes: ['connection-routing', 'api-response'],
		spokeSays: 'a loopback address is no evidence of the server behind it',
	},
] as const satisfies readonly Adversary[];

export type AdversaryId = (typeof adversaries)[number]['id'];

export function canWrite(ids: readonly AdversaryId[], surface: Surface): boolean {
	return adversaries.some(({id, writes}) => ids.includes(id) && (writes as readonly Surface[]).includes(surface));
}

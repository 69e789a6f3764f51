/** The objects of a check of all kubelets, one NodeCheck per node, then one NodeCheckSummary; and its defaults. */
import type {ErrorObject} from '../../errors/spoke-error.ts';
import type {Basis, ClusterIdentity, Path, RouteState, TlsState} from '../evidence.ts';

/** Longer than the apiserver's own timeout of 30 s for a connection to a kubelet, so that its text names the cause. */
export const defaultNodeTimeoutMs = 35_000;

export const defaultNodeConcurrency = 50;

/**
- `responded`: the kubelet answered, with the byte or with its reason for having no log
- `failed`: the read failed; `error` says on which leg
- `no-response`: nothing came within the timeout
- `not-tried`: no read was sent, or the apiserver itself did not answer or refused it
*/
export type NodeCheckResult = 'responded' | 'failed' | 'no-response' | 'not-tried';

export type NotTriedReason = 'no-readable-pod' | 'forbidden' | 'pod-gone' | 'apiserver-failed';

export type NodeCheck = {
	apiVersion: 'spoke/v1';
	kind: 'NodeCheck';
	time: string;
	node: string;
	/** The node's Ready condition; `null` if the node cannot be read. */
	ready: boolean | null;
	result: NodeCheckResult;
	/** Only if not tried. */
	reason: NotTriedReason | null;
	/** Whose log was read. */
	pod: {namespace: string; name: string; container: string} | null;
	/** Of the log read alone, over both legs; `null` without an answer. */
	tookMs: number | null;
	/** Of the connection that was used; of the configuration if the node was not tried. */
	path: Path;
	error: ErrorObject | null;
};

/** Nodes with the same result for the same reason, or with the same path. */
export type NodeGroup = {
	result: NodeCheckResult;
	reason: NotTriedReason | null;
	/** Id of the known message (`D1`); `null` if the text is unknown, or there is none. */
	rule: string | null;
	/** Leg 2. */
	route: RouteState;
	routeBasis: Basis;
	agent: string | null;
	tls: TlsState;
	tlsBasis: Basis;
	medianMs: number | null;
	longestMs: number | null;
	longestNode: string | null;
	/** Of the first node in the group; the texts of the others differ in names and addresses. */
	error: ErrorObject | null;
	/** Facts that are consistent with the failure; none is proven to be the cause. */
	consistentFacts: readonly string[];
	/** In order of their names. */
	nodes: readonly string[];
};

/** A Konnectivity agent pod. */
export type NodeAgent = {
	namespace: string;
	name: string;
	node: string | null;
	ready: boolean;
};

export type NodeCheckSummary = {
	apiVersion: 'spoke/v1';
	kind: 'NodeCheckSummary';
	time: string;
	cluster: ClusterIdentity;
	/** `total` is what the check set out to do; `unfinished` were left when it was stopped. */
	nodes: {total: number; responded: number; failed: number; noResponse: number; notTried: number; unfinished: number};
	/** `pods`: the nodes cannot be listed, so only those of readable pods are known. */
	nodesFrom: 'nodes' | 'pods';
	/** Namespaces whose pods were listed; `null` for all. */
	namespaces: readonly string[] | null;
	concurrency: number;
	timeoutMs: number;
	tookMs: number;
	medianMs: number | null;
	longestMs: number | null;
	longestNode: string | null;
	/** Failures first, then the most nodes first. */
	groups: readonly NodeGroup[];
	/** Konnectivity agent pods on nodes, read if a node is behind a tunnel; `null` otherwise, or if they cannot be listed. */
	agents: readonly NodeAgent[] | null;
	/** The signal that stopped it, or `error`; `null` if every node was checked. */
	stopped: string | null;
	/** Why no further node could be checked. */
	error: ErrorObject | null;
	exitStatus: number;
};

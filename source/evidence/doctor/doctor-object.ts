/** The objects of the doctor: Doctor with its steps, and NodeCheck and NodeCheckSummary of `doctor nodes`. */
import type {ErrorObject, SpokeError} from '../../base/errors/spoke-error.ts';
import type {ClusterIdentity, Path, ResolvedTarget, Basis, RouteState, TlsState} from '../evidence.ts';
import type {AgentPod} from '../probes/agent-metrics.ts';

export type StepName = 'configuration' | 'leg-1' | 'rights' | 'target' | 'leg-2' | 'leg-3';

export type DoctorStep = {
	name: StepName;
	leg: 0 | 1 | 2 | 3;
	status: 'ok' | 'note' | 'failed' | 'unknown' | 'not-tried';
	observed: string;
	text: string | null;
	means: string | null;
	speaker: string | null;
	/** Other observations related to the failure. */
	fits: readonly string[];
	remedy: string | null;
	tookMs: number | null;
};

export type Doctor = {
	apiVersion: 'spoke/v1';
	kind: 'Doctor';
	time: string;
	asked: string;
	target: ResolvedTarget | null;
	cluster: ClusterIdentity | null;
	steps: readonly DoctorStep[];
	stoppedAt: StepName | null;
	path: Path | null;
	error: ErrorObject | null;
	exitStatus: number;
};

export type StepResult = {step: Omit<DoctorStep, 'tookMs'>; error: SpokeError | null};

const legs: Readonly<Record<StepName, DoctorStep['leg']>> = {configuration: 0, 'leg-1': 1, rights: 1, target: 1, 'leg-2': 2, 'leg-3': 3};

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
export type NodeAgent = Pick<AgentPod, 'namespace' | 'name' | 'node' | 'ready'>;

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

export function stepResult(name: StepName, observed: string, more: Partial<DoctorStep> = {}): StepResult {
	const blank = {text: null, means: null, speaker: null, fits: [], remedy: null};
	return {step: {name, leg: legs[name], status: 'ok', observed, ...blank, ...more}, error: null};
}

export function failedStep(name: StepName, error: SpokeError, more: Partial<DoctorStep> = {}): StepResult {
	const {leg, legKnown, message, text, remedy} = error;
	const failed = {leg: leg === 0 || !legKnown ? legs[name] : leg, status: 'failed', text, remedy} as const;
	return {...stepResult(name, message, {...failed, ...more}), error};
}

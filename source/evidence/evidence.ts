/** Evidence, verdicts, legs and the Path object of the contract. Of the files outside `rules`, rules import only this one. */
import type {ProxyRequestFacts, ResolvedTarget, StreamFeature} from '../streams/connection-observer.ts';
import type {ErrorObject} from '../errors/spoke-error.ts';

export type {ConnectionPurpose, ProxyRequestFacts, ResolvedTarget, StreamFeature} from '../streams/connection-observer.ts';
export type {SocketFacts} from '../cluster/cluster-client.ts';
export type {ErrorObject} from '../errors/spoke-error.ts';
export type * from './observations.ts';

/** `enforced`: only of a configuration. The apiserver verifies, so a connection will be verified or refused. */
export type TlsState = 'verified' | 'enforced' | 'unverified' | 'plain' | 'refused' | 'unknown';
export type RouteState = 'direct' | 'proxy' | 'konnectivity' | 'egress-http-connect' | 'egress' | 'ssh-tunnel' | 'unknown';
export type ExposureState = 'protected' | 'exposed' | 'unknown';
export type Basis = 'proven' | 'inferred' | 'unknown';

export type EvidenceSource =
	| 'socket'
	| 'construction'
	| 'flagz'
	| 'mirror-pod'
	| 'metrics'
	| 'step-test'
	| 'agent-metrics'
	| 'log-differential'
	| 'handshake'
	| 'configz'
	| 'csr'
	| 'lease'
	| 'endpoints'
	| 'ca-comparison'
	| 'anonymous-probe'
	| 'error-text'
	| 'version';

/**
Who could have written what was observed:
- `apiserver`: the process that carries this connection; `replica`: another one
- `gateway`: a server in front of it that relays requests; `network`: anyone between you and a server that was not verified
- `kubelet`: of this node, or whoever answers for it; `any-kubelet`; `workload`: a pod or service
- `object-writer`: whoever may write the object
- `you`: your own socket and request
*/
export type Author = 'apiserver' | 'replica' | 'gateway' | 'kubelet' | 'any-kubelet' | 'workload' | 'object-writer' | 'network' | 'you';

/** An observation as a rule used it. */
export type Citation = {
	source: EvidenceSource;
	rule: string;
	/** In the source's own words where possible. */
	observed: string;
	/** At least one. */
	authors: readonly Author[];
	where: string;
	/** Fingerprint of the apiserver process; `null` if unknown or none. */
	process: string | null;
	time: string;
	/** The observation required streams or a node handshake of spoke's own: only in doctor, with `--probe active` or by consent. */
	active: boolean;
};

export type Evidence = {id: string} & Citation;

/**
What can settle a verdict. `permission` and `check` are `null` if no permission can; `or` is an alternative to them. Needs are alternatives,
too, unless they have groups: then one of each group is needed.
*/
export type Need = {permission: string | null; check: string | null; or: string | null; group?: number};

export type Verdict<State extends string> = {
	state: State;
	basis: Basis;
	evidence: readonly string[];
	need: readonly Need[];
	/** The reason, where evidence and needs do not say it. */
	why?: string;
};

type LegPeer = {protocol: string; subject: string; issuer: string; serverName: string | null; notAfter: string; spkiSha256: string};

export type Leg = {
	n: 1 | 2;
	from: 'you' | 'apiserver' | 'gateway';
	to: 'apiserver' | 'gateway' | 'unknown' | 'kubelet' | 'node' | 'pod' | 'service';
	address: string | null;
	tls: Verdict<TlsState>;
	route: Verdict<RouteState> & {via: string | null; protocol: 'grpc' | 'http-connect' | 'ssh' | null; agent: string | null};
	peer: LegPeer | null;
	clientAuth: string | null;
};

export type Finding = {
	/** Id of the audit row about the same leg or setting. */
	row: string;
	code: string;
	severity: 'info' | 'warning' | 'error';
	leg: 0 | 1 | 2 | 3;
	message: string;
	remedy: string | null;
	docs: string | null;
};

export type ClusterIdentity = {context: string | null; server: string; version: string | null; sandbox: boolean};

export type ProcessBinding = {
	id: string | null;
	startTime: string | null;
	boundBy: 'same-connection' | 'all-replicas-agree' | 'none';
	known: number | null;
	read: number;
	agree: boolean | null;
};

export type BrokenLeg = {
	leg: 1 | 2 | 3;
	/** `last-attempt-failed`: and nothing newer contradicts it. `no-node`: the pod is not scheduled. */
	reason: 'last-attempt-failed' | 'no-node';
	message: string;
	/** The far end that was tried (`kubelet n1`), another one if the tunnel that both share failed; `null` if nothing was tried. */
	farEnd: string | null;
	time: string | null;
	evidence: readonly string[];
	error: ErrorObject | null;
};

/** `why`: `not used: the pod is on no node`. */
export type UnusedLeg = {leg: 2; why: string};

export type Path = {
	apiVersion: 'spoke/v1';
	kind: 'Path';
	time: string;
	feature: StreamFeature;
	about: 'configuration' | 'open-connection' | 'ended-connection';
	phase: 'checking' | 'settled' | 'failed';
	target: ResolvedTarget;
	request: ProxyRequestFacts | null;
	cluster: ClusterIdentity;
	process: ProcessBinding;
	legs: readonly Leg[];
	exposure: Verdict<ExposureState>;
	rttMs: {websocket: number | null; runtime: number | null};
	evidence: readonly Evidence[];
	findings: readonly Finding[];
	/** Only for a configuration. */
	broken: BrokenLeg | null;
	/** Not for a configuration. The verdicts of a leg that was not used are `unknown`. */
	unused: UnusedLeg | null;
	/** The path line in plain ASCII: `path: you -verified-> apiserver -konnectivity,unverified-> kubelet n1`. */
	line: string;
	error: ErrorObject | null;
};

/** `authors`: who could have written what decides it; empty if nothing does. */
export type RuleVerdict<State extends string> = Omit<Verdict<State>, 'evidence'> & {
	citations: readonly Citation[];
	authors: readonly Author[];
};

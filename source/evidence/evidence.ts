/** Observations, evidence, verdicts, legs and the Path object of the contract. Of the files outside `rules`, rules import only this one. */
import type {SocketFacts} from '../cluster/cluster-client.ts';
import type {ConnectionPurpose, ProxyRequestFacts, StreamFeature} from '../streams/connection-observer.ts';
import type {ResolvedTarget} from '../cluster/targets/parse-target.ts';
import type {ErrorObject} from '../base/errors/spoke-error.ts';

export type {ConnectionPurpose, ProxyRequestFacts, StreamFeature} from '../streams/connection-observer.ts';
export type {ResolvedTarget} from '../cluster/targets/parse-target.ts';
export type {SocketFacts} from '../cluster/cluster-client.ts';
export type {ErrorObject} from '../base/errors/spoke-error.ts';

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
	/** Only of `unknown`: what would be known of leg 2, and be worse, if some mirror pods did not exist, which anybody may have made up. */
	worst?: {state: State; basis: Basis};
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

export type Observation<Facts> = {
	source: EvidenceSource;
	/** Who could have written it, if the server at the end of the connection is an apiserver: see rules/claims.ts. */
	authors: readonly Author[];
	where: string;
	/** Fingerprint of the apiserver process; `null` if unknown or none. */
	process: string | null;
	/** `null` for a pooled connection or another host. */
	connection: string | null;
	time: string;
	active: boolean;
	facts: Facts;
};

/** `not-served` and `forbidden` never mean "not set". */
export type UnavailableSource = {
	source: EvidenceSource;
	where: string;
	reason: 'forbidden' | 'not-served' | 'no-response' | 'not-requested';
	need: Need | null;
};

export type ProbeResult<Facts> =
	{observation: Observation<Facts>; unavailable?: undefined} | {observation?: undefined; unavailable: UnavailableSource};

export type FlagFacts = {
	values: Readonly<Record<string, string>>;
	/** What a missing name means: `unknown` in a structured /flagz, which names every flag; the default on a command line. */
	absent: 'unknown' | 'default';
	/** HTTP(S)_PROXY of the process; `null` if its environment cannot be seen. */
	proxyEnvironment: boolean | null;
};

/** A mirror pod of the control plane. */
export type ComponentPod = {
	component: 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'etcd';
	pod: string;
	flags: FlagFacts;
};

export type VersionFacts = {
	gitVersion: string;
	major: number;
	minor: number;
	/** No vendor suffix, so the code is the one that the rules were derived from. */
	upstream: boolean;
};

/** `id` identifies the configuration of a process: start time, flags and key. */
export type ProcessFacts = {id: string; startTime: string; version: string | null};

export type MetricFacts = {
	/** Since the epoch. */
	startSeconds: number | null;
	/** Empty if the families are absent. */
	egressDials: ReadonlyArray<{protocol: 'grpc' | 'http-connect'; transport: string; count: number}>;
	/** gRPC only; `null` if the family is absent. */
	tunnelsOpen: number | null;
	/** Successful requests to kubelets and through the proxies: each made this process dial at least once. */
	kubeletRequestsDone: number;
	portForwardsOpen: number;
	/** Log reads that failed at the kubelet's certificate; `null` if the family is absent. */
	logTlsFailures: number | null;
	sshTunnels: number | null;
	/** Metric families omitted by `--disabled-metrics`; `null` if they are not counted. */
	familiesLeftOut: number | null;
};

/** How metrics of one process moved while idle port-forward upgrades were held. */
export type StepTestFacts = {
	node: string | null;
	rounds: readonly number[];
	moved: 'grpc' | 'http-connect' | 'nothing' | 'undecided';
	/** The connections of agents were read each time, whether or not they followed. */
	agentsRead: boolean;
	/** `tunnels 4→9→4, 4→11→4`. */
	observed: string;
};

/** `agent` carried every held stream; `null` if several did. */
export type AgentTestFacts = {agent: string | null; observed: string};

export type LogDifferentialFacts = {
	normal: 'ok' | 'certificate-refused' | 'failed';
	skipping: 'ok' | 'certificate-refused' | 'failed' | 'not-tried';
	text: string | null;
	node: string | null;
};

export type KubeletHandshakeFacts = {
	node: string | null;
	subject: string;
	dnsNames: readonly string[];
	addresses: readonly string[];
	notBefore: string;
	notAfter: string;
	/** All that the apiserver could dial; `null` if the node cannot be read. */
	nodeAddresses: readonly string[] | null;
};

export type SecondLegOutcome = {
	/** `kubelet n1`, `pod default/web http:8080`. */
	farEnd: string;
	feature: string;
	/** RFC 3339. */
	time: string;
	process: string | null;
	/** `null` when the far end responded. */
	failure: SecondLegFailure | null;
};

export type SecondLegFailure = {
	error: ErrorObject;
	/** `null` for an unknown message. */
	facts: FailureFacts | null;
	/** Of the text. */
	authors: readonly Author[];
};

export type FailureFacts = {
	row: string;
	text: string;
	tls: 'refused' | 'plain' | null;
	route: 'konnectivity' | 'egress-http-connect' | null;
	/** The message is from a kubelet, after its TLS handshake. */
	answered: boolean;
};

/** A list that is `null` is not known, and so excludes nothing: no gateway, no replica. */
export type ReplicaFacts = {
	/** At least so many. */
	known: number;
	knownFrom: 'lease' | 'endpointslice';
	/** Identity leases with the holder's address (since 1.36) and creation time; also `null` if none is kept (before 1.26). */
	leases: ReadonlyArray<{address: string | null; madeAt: string | null}> | null;
	/** `ip:port` of each, from the endpoints or the leases. */
	addresses: readonly string[] | null;
};

export type UserInfo = {username?: unknown; extra?: Record<string, unknown>};

/** The CA that the cluster gives its pods. */
export type CaFacts = {spkiSha256: readonly string[]; subjects: readonly string[]};

/** What was read on one connection. */
export type ConnectionObservations = {
	/** `null` if no connection was made. */
	socket: Observation<SocketFacts> | null;
	flags: Observation<FlagFacts> | null;
	process: Observation<ProcessFacts> | null;
	/** `null` without a response, or if the response could not name the client certificate. */
	user: UserInfo | null;
	/** Headers that apiservers never send, from any response (refusals included). */
	foreignHeaders: readonly string[];
	unavailable: readonly UnavailableSource[];
	/** Only if one apiserver's own address was dialed. */
	dialedAddress?: string;
};

/** What was read of the cluster, whatever the connection. */
export type ClusterObservations = {
	/** In ms since 1970. */
	requestedAt: number;
	ca: CaFacts | null;
	version: Observation<VersionFacts> | null;
	replicas: Observation<ReplicaFacts> | null;
	components: Observation<readonly ComponentPod[]> | null;
	/** Of the apiservers among `components`. */
	mirrorPods: ReadonlyArray<Observation<FlagFacts>>;
	/** What proves that a gateway relays the requests, even if its certificate looks like an apiserver's; `null` if nothing does. */
	gatewaySeen: string | null;
	/** Read on the connection that was used, perhaps to another apiserver; `null` if no connection was made. */
	further: ConnectionObservations | null;
	unavailable: readonly UnavailableSource[];
};

export type ServerIdentity = {
	to: 'apiserver' | 'gateway' | 'unknown';
	why: string;
	need?: Need;
	/** Unknown only because a gateway can have the certificate that was shown. */
	hasApiserverCertificate?: true;
};

/**
What a verdict is about:
- `next-connection`: nothing was opened, and the next connection may end at another apiserver than the examined one
- `before-use`: this connection, on which nothing has been sent to leg 2 yet
- `this-connection`: a stream is open on it
- `ended`: a stream was open on it, or failed
*/
export type PathScope = 'next-connection' | 'before-use' | 'this-connection' | 'ended';

/** What the rules of one path use: see build-observations.ts. */
export type Observations = {
	purpose: ConnectionPurpose;
	scope: PathScope;
	time: string;
	/** The connection that the verdict is about, or the one that was examined for it. */
	connection: string | null;
	/** The far end of leg 2 answered, so its certificate passed any check. A 101 alone shows that only if the apiserver dials first. */
	farEndAnswered: boolean;
	/** Why the apiserver responded itself, as a clause; `null` if it did not, or it is unknown. */
	answeredByApiserver: string | null;
	socket: Observation<SocketFacts> | null;
	serverIdentity: ServerIdentity;
	process: Observation<ProcessFacts> | null;
	flags: ReadonlyArray<Observation<FlagFacts>>;
	mirrorPods: ReadonlyArray<Observation<FlagFacts>>;
	replicas: Observation<ReplicaFacts> | null;
	unreadApiservers: readonly string[];
	/** Whether active probes have run, even if they gave no observation. */
	probe: 'passive' | 'active';
	version: Observation<VersionFacts> | null;
	metrics: ReadonlyArray<Observation<MetricFacts>>;
	stepTests: ReadonlyArray<Observation<StepTestFacts>>;
	agentTests: ReadonlyArray<Observation<AgentTestFacts>>;
	logDifferentials: ReadonlyArray<Observation<LogDifferentialFacts>>;
	handshakes: ReadonlyArray<Observation<KubeletHandshakeFacts>>;
	/** Failures of this connection, of probes to the same node and of earlier attempts. */
	failures: ReadonlyArray<Observation<FailureFacts>>;
	/** The latest of each far end, oldest first. */
	outcomes: readonly SecondLegOutcome[];
	unavailable: readonly UnavailableSource[];
};

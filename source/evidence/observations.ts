/** Everything that was read of one cluster, as facts, and what could not be read. */
import type {SocketFacts} from '../cluster/connection.ts';
import type {SecondLegFailureFacts, SecondLegOutcome} from '../cluster/second-leg-record.ts';
import type {ConnectionPurpose} from '../streams/connection-observer.ts';
import type {EvidenceSource, Need} from './evidence.ts';

/** One thing that was read, with its source, place, process and connection. */
export type Observation<Facts> = {
	source: EvidenceSource;
	where: string;
	/** Fingerprint of the apiserver process that answered; `null` if it is unknown or none was involved. */
	process: string | null;
	/** Id of the connection that it was read on; `null` if that means nothing (a pooled one, another host). */
	connection: string | null;
	time: string;
	active: boolean;
	facts: Facts;
};

/** A source that could not be read. `not-served` and `forbidden` never mean "not set". */
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
	/** The meaning of an absent flag: unknown (a structured /flagz names every flag), or its default (a command line). */
	absent: 'unknown' | 'default';
	/** HTTP(S)_PROXY in the environment of the process; `null` if the environment cannot be seen. */
	proxyEnvironment: boolean | null;
	/** Addresses of its machine; `null` if unknown. */
	hostAddresses: readonly string[] | null;
};

export type VersionFacts = {
	gitVersion: string;
	major: number;
	minor: number;
	/** No vendor suffix: the code is the one that the rules were read from. */
	upstream: boolean;
};

export type ProcessFacts = {id: string; startTime: string; version: string | null};

/** The metric families that are evidence, of one process. */
export type MetricFacts = {
	/** Seconds since the epoch, as the process reports it. */
	startSeconds: number | null;
	/** Dials by an egress selector, by protocol; empty if the families are absent. */
	egressDials: ReadonlyArray<{protocol: 'grpc' | 'http-connect'; transport: string; count: number}>;
	/** Tunnelled connections open now (gRPC only); `null` if the family is absent. */
	tunnelsOpen: number | null;
	/** Successful requests to kubelets and through the proxies: each made this process dial at least once. */
	kubeletRequestsDone: number;
	/** Successful log reads and upgrades of this process. */
	kubeletSuccesses: number;
	/** port-forward requests that are open now. */
	portForwardsOpen: number;
	/** Log reads that failed at the kubelet's certificate; `null` if the family is absent. */
	logTlsFailures: number | null;
	sshTunnels: number | null;
	/** Number of families left out by `--disabled-metrics`; `null` if that is not counted. */
	familiesLeftOut: number | null;
};

/** A series of held idle port-forward upgrades, and how the metrics of the same process moved meanwhile. */
export type StepTestFacts = {
	/** The node of the kubelet that accepted them. */
	node: string | null;
	/** How many were held in each round. */
	rounds: readonly number[];
	moved: 'grpc' | 'http-connect' | 'nothing' | 'undecided';
	transport: string | null;
	why: string | null;
	/** For the evidence: `tunnels 4→9→4, 4→11→4`. */
	observed: string;
};

/** `agent` carried every held stream; `null` if they were spread over several. */
export type AgentTestFacts = {agent: string | null; observed: string};

/** An ordinary log read, and one that asks the apiserver to skip verification of the kubelet. */
export type LogDifferentialFacts = {
	normal: 'ok' | 'certificate-refused' | 'failed';
	skipping: 'ok' | 'failed' | 'not-tried';
	text: string | null;
	node: string | null;
};

/** The certificate that a kubelet presents to any client. */
export type KubeletHandshakeFacts = {
	node: string | null;
	address: string;
	subject: string;
	issuer: string;
	dnsNames: readonly string[];
	addresses: readonly string[];
	notBefore: string;
	notAfter: string;
	/** Has the shape of a certificate that a kubelet makes for itself. */
	selfMade: boolean;
	spkiSha256: string;
	/** All addresses by which the apiserver could dial this node; `null` if the node cannot be read. */
	nodeAddresses: readonly string[] | null;
};

export type {SecondLegFailure, SecondLegOutcome} from '../cluster/second-leg-record.ts';
/** What the text of a failure proves, by the table of failures. */
export type FailureFacts = SecondLegFailureFacts;

export type ReplicaFacts = {
	known: number | null;
	knownFrom: 'lease' | 'endpointslice' | 'unknown';
	/**
	Identity leases with the holder's address (since 1.36) and creation time; `null` if they cannot be read, or none is kept (before 1.26).
	*/
	leases: ReadonlyArray<{address: string | null; madeAt: string | null}> | null;
	/** `ip:port` of each, from the endpoints or the leases; `null` if they cannot be read. */
	addresses: readonly string[] | null;
};

/** From the response to a SelfSubjectReview. */
export type UserInfo = {username?: unknown; extra?: Record<string, unknown>};

/** The server at the end of leg 1. */
export type ServerIdentity = {
	to: 'apiserver' | 'gateway' | 'unknown';
	why: string;
	/** If an observation is missing. */
	need?: Need;
	/** Unknown only because a gateway can have the certificate that was shown. */
	hasApiserverCertificate?: true;
};

/** The input of the rules for one connection. */
export type Observations = {
	purpose: ConnectionPurpose;
	/** `configuration`: nothing was opened. */
	about: 'configuration' | 'open-connection' | 'ended-connection';
	/** The current time. */
	time: string;
	/** The connection that the verdict is about, or the one that was examined for it. */
	connection: string | null;
	/**
	The verdict is about this very connection. False if none was opened: the next one may end at another apiserver than the examined one.
	*/
	isBound: boolean;
	/** The far end of leg 2 answered: any check of its certificate was passed. A 101 alone shows that only if the apiserver dials first. */
	farEndAnswered: boolean;
	/** The stream is open and its node accepts WebSockets itself: the apiserver reached the kubelet before its 101. */
	upgradePassedThrough: boolean;
	socket: Observation<SocketFacts> | null;
	serverIdentity: ServerIdentity;
	/** The process that the connection ends at, if it was read on that connection. */
	process: Observation<ProcessFacts> | null;
	/** Flags from /flagz, of any process found. */
	flags: ReadonlyArray<Observation<FlagFacts>>;
	/** Flags from apiservers' mirror pods. */
	mirrorPods: ReadonlyArray<Observation<FlagFacts>>;
	replicas: Observation<ReplicaFacts> | null;
	/** Addresses of apiservers that were tried and not read, each with the reason. */
	unreachedAddresses: readonly string[];
	version: Observation<VersionFacts> | null;
	metrics: ReadonlyArray<Observation<MetricFacts>>;
	stepTests: ReadonlyArray<Observation<StepTestFacts>>;
	agentTests: ReadonlyArray<Observation<AgentTestFacts>>;
	logDifferentials: ReadonlyArray<Observation<LogDifferentialFacts>>;
	handshakes: ReadonlyArray<Observation<KubeletHandshakeFacts>>;
	/** Failures of this connection, of a probe to the same node, or of earlier attempts. */
	failures: ReadonlyArray<Observation<FailureFacts>>;
	/** The latest outcome of each far end that was tried earlier, the oldest first. */
	outcomes: readonly SecondLegOutcome[];
	unavailable: readonly UnavailableSource[];
};

/** What a verdict may stand on: everything that was read of one cluster, as facts, and what could not be read. */
import type {SocketFacts} from '../cluster/connection.ts';
import type {SecondLegFailureFacts, SecondLegOutcome} from '../cluster/second-leg-record.ts';
import type {ConnectionPurpose} from '../streams/connection-observer.ts';
import type {EvidenceSource, Need} from './evidence.ts';

/** One thing that was read, with the place, the process and the connection it was read on. */
export type Observation<Facts> = {
	source: EvidenceSource;
	where: string;
	/** Fingerprint of the apiserver process that answered; `null` when it is not known or none was involved. */
	process: string | null;
	/** Id of the connection it was read on; `null` when that says nothing (a pooled one, another host). */
	connection: string | null;
	time: string;
	active: boolean;
	facts: Facts;
};

/** A source that told nothing, and why. `not-served` and `forbidden` never mean "not set". */
export type UnavailableSource = {
	source: EvidenceSource;
	where: string;
	reason: 'forbidden' | 'not-served' | 'no-response' | 'not-requested';
	need: Need | null;
};

/** What a probe returns. */
export type ProbeResult<Facts> =
	{observation: Observation<Facts>; unavailable?: undefined} | {observation?: undefined; unavailable: UnavailableSource};

/** The flags of one apiserver process. */
export type FlagFacts = {
	values: Readonly<Record<string, string>>;
	/** What an absent flag means: nothing (a structured /flagz names every flag), or the default (a command line). */
	absent: 'unknown' | 'default';
	/** HTTP(S)_PROXY in the process's environment; `null` where the environment cannot be seen. */
	proxyEnvironment: boolean | null;
	/** Of the machine that it runs on; `null` where that is not told. */
	hostAddresses: readonly string[] | null;
};

export type VersionFacts = {
	gitVersion: string;
	major: number;
	minor: number;
	/** No vendor's suffix: the code is the one that the rules were read from. */
	upstream: boolean;
};

export type ProcessFacts = {id: string; startTime: string; version: string | null};

/** The families of /metrics that say something, of one process. */
export type MetricFacts = {
	/** Seconds since the epoch, as the process says it. */
	startSeconds: number | null;
	/** Dials by an egress selector, by protocol; empty when the families are absent. */
	egressDials: ReadonlyArray<{protocol: 'grpc' | 'http-connect'; transport: string; count: number}>;
	/** Tunnelled connections open now (gRPC only); `null` when the family is absent. */
	tunnelsOpen: number | null;
	/** Requests to kubelets and through the proxies that succeeded: each made this process dial at least once. */
	kubeletRequestsDone: number;
	/** Log reads and upgrades that this process has carried with success. */
	kubeletSuccesses: number;
	/** port-forward requests that this process carries now. */
	portForwardsOpen: number;
	/** Log reads that failed at the kubelet's certificate; `null` when the family is absent. */
	logTlsFailures: number | null;
	sshTunnels: number | null;
	/** Families that `--disabled-metrics` leaves out, whichever they are; `null` when that is not counted. */
	familiesLeftOut: number | null;
};

/** A held series of idle port-forward upgrades, and what the counters of the same process did meanwhile. */
export type StepTestFacts = {
	/** Whose kubelet took them. */
	node: string | null;
	/** How many were held in each round. */
	rounds: readonly number[];
	moved: 'grpc' | 'http-connect' | 'nothing' | 'undecided';
	transport: string | null;
	why: string | null;
	/** What was seen, for the evidence: `tunnels 4→9→4, 4→11→4`. */
	observed: string;
};

/** `agent` is the one that carried every held stream; `null` when they were spread over several. */
export type AgentTestFacts = {agent: string | null; observed: string};

/** A log read as usual, and one that asks the apiserver to skip the check of the kubelet's certificate. */
export type LogDifferentialFacts = {
	normal: 'ok' | 'certificate-refused' | 'failed';
	skipping: 'ok' | 'failed' | 'not-tried';
	text: string | null;
	node: string | null;
};

/** What a kubelet presents to whoever connects. */
export type KubeletHandshakeFacts = {
	node: string | null;
	address: string;
	subject: string;
	issuer: string;
	dnsNames: readonly string[];
	addresses: readonly string[];
	notBefore: string;
	notAfter: string;
	/** The shape of a certificate that a kubelet makes for itself. */
	selfMade: boolean;
	spkiSha256: string;
	/** All that the apiserver could dial this node by; `null` where the node may not be read. */
	nodeAddresses: readonly string[] | null;
};

export type {SecondLegFailure, SecondLegOutcome} from '../cluster/second-leg-record.ts';
/** What the words of a failure prove, by the table of failures. */
export type FailureFacts = SecondLegFailureFacts;

export type ReplicaFacts = {
	known: number | null;
	knownFrom: 'lease' | 'endpointslice' | 'unknown';
	/** Identity leases, with the address of the holder (since 1.36) and when each was made; `null` where they may not be read, or none is kept (before 1.26). */
	leases: ReadonlyArray<{address: string | null; madeAt: string | null}> | null;
	/** `ip:port` of each, as they register themselves among the endpoints or in their leases; `null` where that may not be read. */
	addresses: readonly string[] | null;
};

/** Of the answer to a SelfSubjectReview. */
export type UserInfo = {username?: unknown; extra?: Record<string, unknown>};

/** Who answers at the end of leg 1. */
export type ServerIdentity = {
	to: 'apiserver' | 'gateway' | 'unknown';
	/** Why, in a few words. */
	why: string;
	/** What would tell, where a reading is missing. */
	need?: Need;
	/** It is unknown only because a gateway can have the certificate that was shown. */
	hasApiserverCertificate?: true;
};

/** All that the rules of one connection are given. */
export type Observations = {
	purpose: ConnectionPurpose;
	/** `configuration`: nothing was opened. */
	about: 'configuration' | 'open-connection' | 'ended-connection';
	/** Now. */
	time: string;
	/** The connection the verdict is about, or the one that was examined for it. */
	connection: string | null;
	/** The verdict is about this very connection. False where none was opened: the next one may end at another apiserver than the one that was examined. */
	isBound: boolean;
	/** The far end of leg 2 answered on it: whatever check there is was passed. A 101 alone says it only where the apiserver dials first. */
	farEndAnswered: boolean;
	/** Its stream is open, and its node takes WebSockets itself: the apiserver reached the kubelet before it said 101. */
	upgradePassedThrough: boolean;
	socket: Observation<SocketFacts> | null;
	serverIdentity: ServerIdentity;
	/** The process that the connection ends at, when it was read on that connection. */
	process: Observation<ProcessFacts> | null;
	/** Flags by /flagz, of any process met. */
	flags: ReadonlyArray<Observation<FlagFacts>>;
	/** Flags of apiservers' mirror pods. */
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
	/** Failures of this connection, of a probe to the same node, or recalled from earlier attempts. */
	failures: ReadonlyArray<Observation<FailureFacts>>;
	/** The latest outcome of each far end that was attempted earlier, the oldest first. */
	outcomes: readonly SecondLegOutcome[];
	unavailable: readonly UnavailableSource[];
};

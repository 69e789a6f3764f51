/** Reads the observations of one apiserver. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import type {Connection} from '../cluster/connection.ts';
import {
	isFromAnotherProcess,
	observeConnection,
	observeFreshConnection,
	socketObservation,
	type ConnectionObservations,
	type ObservedConnection,
} from './connection-observations.ts';
import type {
	UnavailableSource,
	ConnectionPurpose,
	ServerIdentity,
	Observations,
	MetricFacts,
	ProbeResult,
	Observation,
	SocketFacts,
	StepTestFacts,
	VersionFacts,
} from './evidence.ts';
import {processCacheFor} from './process-cache.ts';
import {identifyObservedServer} from './server-identity.ts';
import {readApiserverMetrics} from './probes/apiserver-metrics.ts';
import {isCertificateLost} from './rules/direct-connection.ts';
import {recalledFailures} from './rules/second-leg-outcomes.ts';
import {unavailableSources, observeCluster, spreadsRequestsReason, type ClusterObservations} from './cluster-observations.ts';

/** Timeout of small reads that no stream waits for. */
const readLimitMs = 5000;

export type ApiserverExamination = {
	/** All its requests end at one process, unless a gateway is in between. */
	connection: Connection;
	own: ConnectionObservations;
	others: readonly ExaminedProcess[];
	unreachedAddresses: readonly string[];
	metrics: ProbeResult<MetricFacts>;
	shared: ClusterObservations;
	active: Pick<Observations, 'stepTests' | 'agentTests' | 'logDifferentials' | 'handshakes' | 'failures'>;
};

/** `dialedAddress`: its own address, if that was dialed. */
export type ExaminedProcess = ConnectionObservations & {facts: SocketFacts; dialedAddress: string | null};

export const noActiveObservations: ApiserverExamination['active'] = {
	stepTests: [],
	agentTests: [],
	logDifferentials: [],
	handshakes: [],
	failures: [],
};

/**
Passive: reads on one connection, and on a few more to find other apiservers at the same address. `namespace`: one that the user can read.
@throws SpokeError when no connection can be made
*/
export async function examineApiserver(
	cluster: ClusterClient,
	{signal, namespace}: {signal?: AbortSignal; namespace?: string | undefined} = {},
): Promise<ApiserverExamination> {
	const options = signal ? {signal} : {};
	const connection = await cluster.connect(options);
	const own = await observeConnection(connection, {timeoutMs: readLimitMs});
	const processId = own.process?.facts.id ?? null;
	const metrics = connection.usable ? await readMetricsOncePerMinute(cluster, connection, processId, options) : notRequested();
	const processChanged = own.flags !== null && connection.usable && (await answersDiffer(connection, own));
	const readAt = Date.now();
	const shared = await observeCluster(cluster, {timeoutMs: readLimitMs, ...(namespace ? {namespace} : {})});
	const known = processCacheFor(cluster);
	known.ca = shared.ca ?? known.ca;
	known.recordGateway(processChanged ? spreadsRequestsReason : shared.gatewaySeen);
	if (!processChanged) {
		known.rememberShared(processId, shared, readAt);
	}

	const further = [
		...(await observeFurtherConnections(cluster, shared.replicas?.facts.known ?? null, signal)),
		...(shared.observed ? [shared.observed] : []),
	];
	known.recordGateway(gatewayReason(further, shared.version?.facts ?? null));
	return {connection, own, others: otherProcesses(further, own), unreachedAddresses: [], metrics, shared, active: noActiveObservations};
}

export function observationsFor(examined: ApiserverExamination, cluster: ClusterClient, purpose: ConnectionPurpose): Observations {
	const {connection, own, others, unreachedAddresses, shared, metrics, active} = examined;
	const known = processCacheFor(cluster);
	const {stepTests, agentTests, metrics: later} = known.of(own.process?.facts.id ?? null);
	const {outcomes} = cluster.secondLegs;
	const attempt = {purpose, isBound: false, farEndAnswered: false, process: own.process, outcomes};
	return {
		...attempt,
		about: 'configuration',
		time: new Date().toISOString(),
		connection: connection.id,
		upgradePassedThrough: false,
		socket: socketObservation(connection),
		serverIdentity: identifyAll(examined, cluster),
		flags: [own, ...others].flatMap(({flags}) => (flags ? [flags] : [])),
		mirrorPods: shared.mirrorPods,
		replicas: shared.replicas,
		unreachedAddresses,
		version: shared.version,
		metrics: later.length === 0 && metrics.observation ? [metrics.observation] : later,
		...active,
		failures: [...active.failures, ...recalledFailures(attempt)],
		stepTests: [...active.stepTests, ...stepTests.map(test => routeOnly(test))],
		agentTests: [...active.agentTests, ...agentTests],
		unavailable: [...own.unavailable, ...unavailableSources([metrics]), ...shared.unavailable],
	};
}

/** If one of the other processes may be behind a gateway, nothing is proven. */
function identifyAll({connection, own, others, shared}: ApiserverExamination, cluster: ClusterClient): ServerIdentity {
	const known = processCacheFor(cluster);
	const observed = {...shared, ca: shared.ca ?? known.ca, gatewaySeen: known.gatewaySeen};
	const [first, ...further] = [{...own, facts: connection.facts}, ...others].map(one =>
		identifyObservedServer(one, cluster.facts.server, one, observed),
	);
	return first!.to === 'apiserver' ? (further.find(({to}) => to !== 'apiserver') ?? first!) : first!;
}

/** The route holds while the process runs. An accepted kubelet certificate says nothing about the current one. */
function routeOnly(test: Observation<StepTestFacts>): Observation<StepTestFacts> {
	return {...test, facts: {...test.facts, rounds: [], node: null}};
}

/** If two processes answer on one connection, a gateway spreads requests, not connections. */
async function answersDiffer(connection: Connection, own: ConnectionObservations): Promise<boolean> {
	for (let attempt = 0; attempt < 3 && connection.usable; attempt++) {
		if (
			isFromAnotherProcess(
				await observeConnection(connection, {timeoutMs: readLimitMs, user: false, readsStatuszFirst: attempt % 2 === 0}),
				own,
			)
		) {
			return true;
		}
	}

	return false;
}

/** A balancer sends new connections to other apiservers. Those that share a host name count as one. */
async function observeFurtherConnections(
	cluster: ClusterClient,
	known: number | null,
	signal: AbortSignal | undefined,
): Promise<readonly ObservedConnection[]> {
	const count = Math.min(2 * (known ?? 1) + 2, 12);
	const observed = await Promise.all(
		Array.from({length: count}, async () => observeFreshConnection(cluster, {timeoutMs: readLimitMs, signal})),
	);
	return observed.filter(one => one !== null);
}

function gatewayReason(observed: readonly ObservedConnection[], version: VersionFacts | null): string | null {
	const foreign = new Set(observed.flatMap(({observations}) => observations.foreignHeaders));
	if (foreign.size > 0) {
		return `responses on a further connection carry ${[...foreign].join(', ')}, which no apiserver sends`;
	}

	return observed.some(({facts, observations}) => isCertificateLost(facts.clientCertificateSha256, observations.user, version))
		? 'on a further connection the apiserver did not identify you by the client certificate that you presented'
		: null;
}

function otherProcesses(observed: readonly ObservedConnection[], own: ConnectionObservations): readonly ExaminedProcess[] {
	const others = new Map<string, ExaminedProcess>();
	for (const {observations, facts} of observed) {
		const id = observations.process?.facts.id;
		if (id !== undefined && own.process && id !== own.process.facts.id) {
			others.set(id, {...observations, facts, dialedAddress: null});
		}
	}

	return [...others.values()];
}

/** Metrics are megabytes on a large cluster. */
async function readMetricsOncePerMinute(
	cluster: ClusterClient,
	connection: Connection,
	process: string | null,
	options: {signal?: AbortSignal},
): Promise<ProbeResult<MetricFacts>> {
	const known = processCacheFor(cluster);
	const recent = known.recentMetrics(process, 60_000);
	if (recent) {
		return {observation: recent};
	}

	const result = await readApiserverMetrics(connection, process, options);
	if (result.observation) {
		known.remember(process, {metrics: [result.observation]});
	}

	return result;
}

function notRequested(): {unavailable: UnavailableSource} {
	return {unavailable: {source: 'metrics', where: 'GET /metrics', reason: 'not-requested', need: null}};
}

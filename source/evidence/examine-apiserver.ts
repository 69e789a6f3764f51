/** Reads the observations of one apiserver. */
import type {ClusterClient, Connection} from '../cluster/cluster-client.ts';
import {type Examination, noActiveObservations, processIdOf} from './build-observations.ts';
import {observeCluster, spreadsRequestsReason} from './cluster-observations.ts';
import {isFromAnotherProcess, observeConnection, observeFreshConnection} from './connection-observations.ts';
import type {ConnectionObservations, MetricFacts, ProbeResult, UnavailableSource, VersionFacts} from './evidence.ts';
import {labelTimings} from './label-timings.ts';
import {readApiserverMetrics} from './probes/apiserver-metrics.ts';
import {probeTimeoutMs} from './probes/probe-request.ts';
import {processCacheFor} from './process-cache.ts';
import {isCertificateLost} from './rules/first-leg.ts';

export type ApiserverExamination = Examination & {
	/** All its requests end at one process, unless a gateway is in between. */
	connection: Connection;
	metrics: ProbeResult<MetricFacts>;
};

type ExamineOptions = {
	signal?: AbortSignal;
	/** One that the user can read. */
	namespace?: string | undefined;
	/** Reads whose connections the metrics should count. */
	beforeMetrics?: (() => Promise<void>) | undefined;
};

/**
Passive: reads on one connection, and on a few more to find other apiservers at the same address. The caller must close `connection`.
@throws SpokeError when no connection can be made, and what `beforeMetrics` throws
*/
export async function examineApiserver(cluster: ClusterClient, options: ExamineOptions = {}): Promise<ApiserverExamination> {
	const connection = await cluster.connect(options.signal ? {signal: options.signal} : {});
	try {
		return {connection, ...(await readExamination(connection, cluster, options))};
	} catch (error) {
		connection.close();
		throw error;
	}
}

async function readExamination(
	connection: Connection,
	cluster: ClusterClient,
	{signal, namespace, beforeMetrics}: ExamineOptions,
): Promise<Omit<ApiserverExamination, 'connection'>> {
	const own = await observeConnection(connection, {timeoutMs: probeTimeoutMs});
	const processId = processIdOf({own});
	await beforeMetrics?.();
	const metrics = connection.usable
		? await readMetricsOncePerInterval(cluster, connection, processId, signal ? {signal} : {})
		: notRequested();
	const processChanged = own.flags !== null && connection.usable && (await answersDiffer(connection, own));
	const shared = await observeCluster(cluster, {timeoutMs: probeTimeoutMs, ...(namespace ? {namespace} : {})});
	const known = processCacheFor(cluster);
	known.ca = shared.ca ?? known.ca;
	known.recordGateway(processChanged ? spreadsRequestsReason : shared.gatewaySeen);
	if (!processChanged) {
		known.rememberShared(processId, shared);
	}

	const further = [
		...(await observeFurtherConnections(cluster, shared.replicas?.facts.known ?? null, signal)),
		...(shared.further ? [shared.further] : []),
	];
	known.recordGateway(gatewayReason(further, shared.version?.facts ?? null));
	return {own, others: otherProcesses(further, own), unreachedAddresses: [], metrics, shared, active: noActiveObservations};
}

/** If two processes answer on one connection, a gateway spreads requests, not connections. */
async function answersDiffer(connection: Connection, own: ConnectionObservations): Promise<boolean> {
	for (let attempt = 0; attempt < 3 && connection.usable; attempt++) {
		if (
			isFromAnotherProcess(
				await observeConnection(connection, {timeoutMs: probeTimeoutMs, user: false, readsStatuszFirst: attempt % 2 === 0}),
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
): Promise<readonly ConnectionObservations[]> {
	const count = Math.min(2 * (known ?? 1) + 2, 12);
	const observed = await Promise.all(
		Array.from({length: count}, async () => observeFreshConnection(cluster, {timeoutMs: probeTimeoutMs, signal})),
	);
	return observed.filter(one => one !== null);
}

function gatewayReason(further: readonly ConnectionObservations[], version: VersionFacts | null): string | null {
	const foreign = new Set(further.flatMap(({foreignHeaders}) => foreignHeaders));
	if (foreign.size > 0) {
		return `responses on a further connection carry ${[...foreign].join(', ')}, which no apiserver sends`;
	}

	return further.some(({socket, user}) => isCertificateLost(socket?.facts.clientCertificateSha256 ?? null, user, version))
		? 'on a further connection the apiserver did not identify you by the client certificate that you presented'
		: null;
}

function otherProcesses(further: readonly ConnectionObservations[], own: ConnectionObservations): readonly ConnectionObservations[] {
	const others = new Map<string, ConnectionObservations>();
	for (const one of further) {
		const id = one.process?.facts.id;
		if (id !== undefined && own.process && id !== own.process.facts.id) {
			others.set(id, one);
		}
	}

	return [...others.values()];
}

/** See `metricsIntervalMs`. */
export async function readMetricsOncePerInterval(
	cluster: ClusterClient,
	connection: Connection,
	process: string | null,
	options: {signal?: AbortSignal},
): Promise<ProbeResult<MetricFacts>> {
	const known = processCacheFor(cluster);
	const recent = known.recentMetrics(process, labelTimings.metricsIntervalMs);
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

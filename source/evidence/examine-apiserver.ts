/** Reads the observations of one apiserver. */
import type {ClusterClient, Connection} from '../cluster/cluster-client.ts';
import {type Examination, noActiveObservations, processIdOf} from './build-observations.ts';
import {
	observeCluster,
	spreadsRequestsReason,
	isFromAnotherProcess,
	observeConnection,
	observeFreshConnection,
} from './connection-observations.ts';
import type {ConnectionObservations, MetricFacts, ProbeResult, VersionFacts} from './evidence.ts';
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

export type ExamineOptions = {
	signal?: AbortSignal | undefined;
	/** One that the user can read. */
	namespace?: string | undefined;
	/** Reads whose connections the metrics should count. */
	beforeMetrics?: (() => Promise<void>) | undefined;
};

/**
Passive: reads on one connection, and on a few more to find other apiservers at the same address. The caller must close `connection`.
@throws SpokeError when no connection can be made, and what `beforeMetrics` throws
*/
export async function examineApiserver(
	cluster: ClusterClient,
	{signal, namespace, beforeMetrics}: ExamineOptions = {},
): Promise<ApiserverExamination> {
	const options = signal ? {signal} : {};
	const connection = await cluster.connect(options);
	try {
		const own = await observeConnection(connection, {timeoutMs: probeTimeoutMs});
		const processId = processIdOf({own});
		await beforeMetrics?.();
		const metrics = connection.usable ? await readMetricsOncePerInterval(cluster, connection, processId, options) : metricsNotRequested;
		const processChanged = own.flags !== null && (await answersDiffer(connection, own));
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
		return {connection, own, ...otherEnds(further, own), metrics, shared, active: noActiveObservations};
	} catch (error) {
		connection.close();
		throw error;
	}
}

const metricsNotRequested: ProbeResult<MetricFacts> = {
	unavailable: {source: 'metrics', where: 'GET /metrics', reason: 'not-requested', need: null},
};

/** If two processes answer on one connection, a gateway spreads requests, not connections. */
async function answersDiffer(connection: Connection, own: ConnectionObservations): Promise<boolean> {
	for (let attempt = 0; attempt < 3 && connection.usable; attempt++) {
		const options = {timeoutMs: probeTimeoutMs, user: false, readsStatuszFirst: attempt % 2 === 0};
		if (isFromAnotherProcess(await observeConnection(connection, options), own)) {
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

/**
Which of them may have ended elsewhere than `own`: at another server, which can be a gateway that relays the flags, or at a process with
another id, or with other flags if an id is missing. One that did not show its flags, as `own` did, counts as an apiserver that was not
read, for whatever reason.
*/
function otherEnds(
	further: readonly ConnectionObservations[],
	own: ConnectionObservations,
): Pick<Examination, 'others' | 'unreadApiservers'> {
	if (!own.flags) {
		return {others: [], unreadApiservers: []};
	}

	const others = new Map<string, ConnectionObservations>();
	for (const one of further.filter(end => isFromAnotherProcess(end, own) || endOf(end) !== endOf(own))) {
		others.set(JSON.stringify([one.process?.facts.id ?? one.flags?.facts.values, endOf(one)]), one);
	}

	return {
		others: [...others.values()],
		unreadApiservers: further.some(({flags}) => flags === null) ? ['on a further connection, /flagz could not be read'] : [],
	};
}

/** Address and key of the server. */
function endOf({socket}: ConnectionObservations): string {
	return `${socket?.facts.remoteAddress} ${socket?.facts.tls?.peer?.spkiSha256}`;
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

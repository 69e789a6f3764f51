/** `--require` for streams: decided on the connection of each stream, before its first byte. */
import {rejectOnAbort} from '../base/async/clock.ts';
import type {ClusterClient, Connection} from '../cluster/cluster-client.ts';
import {SpokeError} from '../base/errors/spoke-error.ts';
import {setStreamGate} from '../streams/stream-gate.ts';
import {buildObservations, type Examination, examinationOf, processIdOf, noTarget} from './build-observations.ts';
import {buildPath} from './build-path.ts';
import {noClusterObservations, observeCluster, observeConnection} from './connection-observations.ts';
import type {ClusterObservations, ConnectionPurpose, Path} from './evidence.ts';
import {readMetricsOncePerInterval} from './examine-apiserver.ts';
import {labelTimings} from './label-timings.ts';
import {processCacheFor} from './process-cache.ts';
import {assertPathsMeet, type PathRequirement} from './require-path.ts';

/** Timeout of each request that decides a requirement, except the metrics; the stream waits for it. */
const responseTimeoutMs = 10_000;

/** Every later stream of the cluster must meet these, too: nothing lifts what was required before. */
export function requireOnStreams(cluster: ClusterClient, more: readonly PathRequirement[]): void {
	const wanted = [...requirementsOn(cluster), ...more];
	recordOf(cluster).requirements = wanted;
	setStreamGate(
		cluster,
		wanted.length === 0
			? null
			: async (connection, purpose, signal) => rejectOnAbort(async () => assertMeets(cluster, connection, purpose, wanted), signal),
	);
}

/** What every stream of the cluster must meet. */
export function requirementsOn(cluster: Pick<ClusterClient, 'records'>): readonly PathRequirement[] {
	return recordOf(cluster).requirements;
}

function recordOf({records}: Pick<ClusterClient, 'records'>): RequirementRecord {
	return records.of(RequirementRecord, () => new RequirementRecord());
}

class RequirementRecord {
	requirements: readonly PathRequirement[] = [];
}

/** The path of a stream to any kubelet on a new connection, as a requirement would see it. @throws SpokeError if it cannot connect */
export async function pathToAnyKubelet(cluster: ClusterClient, signal: AbortSignal): Promise<Path> {
	const connection = await cluster.connect({signal});
	try {
		const purpose: ConnectionPurpose = {feature: 'exec', target: noTarget, request: null};
		return await rejectOnAbort(async () => pathBeforeUse(cluster, connection, purpose, {needsRoute: true}), signal);
	} finally {
		connection.close();
	}
}

/** @throws SpokeError ERR_REQUIRE_NOT_MET, ERR_REQUIRE_UNDECIDED, ERR_APISERVER_TIMEOUT */
async function assertMeets(
	cluster: ClusterClient,
	connection: Connection,
	purpose: ConnectionPurpose,
	requirements: readonly PathRequirement[],
): Promise<void> {
	const path = await pathBeforeUse(cluster, connection, purpose, {
		needsRoute: requirements.some(({states}) => states.some(state => state !== 'verified')),
	});
	for (const requirement of requirements) {
		assertPathsMeet([path], requirement);
	}

	if (!connection.usable) {
		throw new SpokeError(
			'ERR_APISERVER_TIMEOUT',
			`no response within ${responseTimeoutMs / 1000} s to the requests that decide a requirement`,
		);
	}
}

/**
The path that a stream would have on this connection. Nothing has gone to the far end yet, so where the apiserver verifies it is
`enforced`. Earlier attempts do not count: an apiserver that enforces sends nothing to a kubelet that is refused.
*/
async function pathBeforeUse(
	cluster: ClusterClient,
	connection: Connection,
	purpose: ConnectionPurpose,
	{needsRoute}: {needsRoute: boolean},
): Promise<Path> {
	const examined = await examineBeforeUse(cluster, connection, purpose.target.namespace);
	const path = pathOf(cluster, examined, purpose);
	if (!needsRoute || path.legs[1]!.route.state !== 'unknown' || !connection.usable) {
		return path;
	}

	const process = processIdOf(examined);
	const metrics = await processCacheFor(cluster).shareRead(process, 'metrics', {
		read: async () => readMetricsOncePerInterval(cluster, connection, process, {}),
		maxAgeMs: labelTimings.sharedMaxAgeMs,
		hasNoResponse: ({unavailable}) => unavailable?.reason === 'no-response',
	});
	return pathOf(cluster, {...examined, metrics}, purpose);
}

async function examineBeforeUse(cluster: ClusterClient, connection: Connection, namespace: string | null): Promise<Examination> {
	const own = await observeConnection(connection, {timeoutMs: responseTimeoutMs});
	return examinationOf(own, await observeClusterOf(processIdOf({own}), cluster, namespace));
}

async function observeClusterOf(process: string | null, cluster: ClusterClient, namespace: string | null): Promise<ClusterObservations> {
	const known = processCacheFor(cluster);
	const maxAgeMs = labelTimings.sharedMaxAgeMs;
	const recent = known.recentShared(process, maxAgeMs, Date.now());
	if (recent !== noClusterObservations) {
		return recent;
	}

	return known.shareRead(process, `cluster ${namespace ?? ''}`, {
		async read() {
			const shared = await observeCluster(cluster, {timeoutMs: responseTimeoutMs, ...(namespace !== null && {namespace})});
			known.ca = shared.ca ?? known.ca;
			known.recordGateway(shared.gatewaySeen);
			known.rememberShared(process, shared);
			return shared;
		},
		maxAgeMs,
		hasNoResponse: ({unavailable}) => unavailable.some(({reason}) => reason === 'no-response'),
	});
}

function pathOf(cluster: ClusterClient, examined: Examination, purpose: ConnectionPurpose): Path {
	const observations = buildObservations(cluster, examined, {purpose, scope: 'before-use'});
	return buildPath({...observations, failures: [], outcomes: []}, {cluster: cluster.facts, phase: 'settled'});
}

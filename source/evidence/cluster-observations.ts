/** Observations of the cluster that belong to no single connection. */
import type {ClusterClient, Connection} from '../cluster/cluster-client.ts';
import {isFromAnotherProcess, observeConnection} from './connection-observations.ts';
import type {ClusterObservations, ProbeResult, UnavailableSource, VersionFacts} from './evidence.ts';
import {mergeSupervisorAddresses, readReplicas, readClusterCa} from './probes/apiserver-replicas.ts';
import {readUserInfo} from './probes/access.ts';
import {apiserverFlags, readMirrorPods} from './probes/mirror-pods.ts';
import {pipelined, preferConnection, probeTimeoutMs, type Requester, sendProbe, tryParseJson} from './probes/probe-request.ts';
import {isCertificateLost} from './rules/first-leg.ts';

export const noClusterObservations: ClusterObservations = {
	requestedAt: -Infinity,
	ca: null,
	version: null,
	replicas: null,
	components: null,
	mirrorPods: [],
	gatewaySeen: null,
	further: null,
	unavailable: [],
};

export const spreadsRequestsReason = 'two processes responded to requests on one connection';

/** Reads on one connection if possible, each read with its own timeout. Never throws. Without `needsCa`, `ca` is `null`. */
export async function observeCluster(
	cluster: ClusterClient,
	{
		timeoutMs,
		namespace = cluster.facts.namespace,
		requestedAt = Date.now(),
		needsCa = true,
	}: {
		timeoutMs: number;
		namespace?: string;
		requestedAt?: number;
		needsCa?: boolean;
	},
): Promise<ClusterObservations> {
	const opened = await cluster.connect({canReuseReleased: true}).catch(() => null);
	const connection = opened && countRequests(opened);
	// A timeout closes the connection, and the other reads are sent again elsewhere.
	const requester = preferConnection(connection && pipelined(connection), cluster);
	const reading = Promise.all([
		needsCa ? readClusterCa(requester, namespace, {timeoutMs}) : null,
		readVersion(requester, {timeoutMs}),
		readReplicas(requester, {timeoutMs}),
		readMirrorPods(requester, {timeoutMs}),
		connection && observeConnection(connection, {timeoutMs, user: false}),
	]);
	const sentWithFirst = connection?.count ?? 0;
	const [ca, version, replicas, pods, first] = await reading;
	// Two servers that alternate must not answer the same request twice, whatever the other reads sent in between.
	const readsStatuszFirst = ((connection?.count ?? 0) - sentWithFirst) % 2 === 0;
	const [again, user] = await Promise.all([
		connection && first?.flags ? observeConnection(connection, {timeoutMs, user: false, readsStatuszFirst}) : null,
		connection && readUserInfo(connection, {timeoutMs}),
	]);
	opened?.close();
	return {
		requestedAt,
		ca: ca?.observation?.facts ?? null,
		version: version.observation ?? null,
		replicas: replicas.observation
			? {
					...replicas.observation,
					facts: mergeSupervisorAddresses(replicas.observation.facts, version.observation?.facts.gitVersion ?? null),
				}
			: null,
		components: pods.observation ?? null,
		mirrorPods: pods.observation ? apiserverFlags(pods.observation) : [],
		gatewaySeen:
			first && again && isFromAnotherProcess(again, first)
				? spreadsRequestsReason
				: isCertificateLost(connection?.facts.clientCertificateSha256 ?? null, user, version.observation?.facts ?? null)
					? 'the apiserver did not identify you by the client certificate that you presented'
					: null,
		further: first && {...first, user},
		unavailable: unavailableSources([...(ca ? [ca] : []), version, replicas, pods]),
	};
}

type CountedConnection = Pick<Connection, 'id' | 'facts' | 'pipelined'> & {readonly count: number};

function countRequests(connection: Connection): CountedConnection {
	let count = 0;
	return {
		id: connection.id,
		facts: connection.facts,
		get count() {
			return count;
		},
		async pipelined(options) {
			count++;
			return connection.pipelined(options);
		},
	};
}

export function unavailableSources(results: ReadonlyArray<ProbeResult<unknown>>): readonly UnavailableSource[] {
	return results.flatMap(({unavailable}) => (unavailable ? [unavailable] : []));
}

/** `/version`: the version, and whether it is an upstream build. */
async function readVersion(
	cluster: Requester,
	{timeoutMs = probeTimeoutMs}: {timeoutMs?: number} = {},
): Promise<ProbeResult<VersionFacts>> {
	return sendProbe(cluster, {source: 'version', path: '/version', need: null, timeoutMs}, body => {
		const parsed = tryParseJson<{gitVersion?: unknown}>(body);
		return typeof parsed?.gitVersion === 'string' ? versionFacts(parsed.gitVersion) : undefined;
	});
}

/** Vendor suffixes: `v1.29.1-gke.1589000`, `v1.30.4-eks-a737599`, `v1.31.2+k3s1`. */
export function versionFacts(gitVersion: string): VersionFacts | undefined {
	const [, major, minor, upstream] = /^v?(\d+)\.(\d+)(\.\d+(?:-(?:alpha|beta|rc)\.\d+)?$)?/.exec(gitVersion) ?? [];
	return major === undefined || minor === undefined
		? undefined
		: {gitVersion, major: Number(major), minor: Number(minor), upstream: upstream !== undefined};
}

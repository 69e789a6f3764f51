/** What was read of the cluster beside any one connection: read once in the background, dropped when the cluster may have changed. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {isOfAnotherProcess, observeConnection, type MetOnConnection} from './connection-observations.ts';
import type {UnavailableSource, FlagFacts, ProbeResult, Observation, ReplicaFacts, VersionFacts} from './evidence.ts';
import {readReplicas} from './probes/apiserver-replicas.ts';
import {pipelined, preferConnection} from './probes/probe-request.ts';
import {readClusterCa, type CaFacts} from './probes/cluster-ca.ts';
import {readUserInfo} from './probes/client-certificate.ts';
import {readVersion} from './probes/cluster-version.ts';
import {apiserverFlags, readMirrorPods} from './probes/mirror-pods.ts';
import {isCertificateLost} from './rules/direct-connection.ts';

export type ClusterObservations = {
	authority: CaFacts | null;
	version: Observation<VersionFacts> | null;
	replicas: Observation<ReplicaFacts> | null;
	mirrorPods: ReadonlyArray<Observation<FlagFacts>>;
	/** Why something answers between us and the apiservers, whatever certificate it shows; `null` where nothing was seen to. */
	gatewaySeen: string | null;
	/** What answered on the connection on which it was read, which may be another apiserver; `null` where none was made. */
	met: MetOnConnection | null;
	closed: readonly UnavailableSource[];
};

export const noClusterObservations: ClusterObservations = {
	authority: null,
	version: null,
	replicas: null,
	mirrorPods: [],
	gatewaySeen: null,
	met: null,
	closed: [],
};

/** What stands in between gives each request to an apiserver of its choice. */
export const spreadsRequestsReason = 'two requests on one connection were answered by two processes';

/** Ordinary reads, asked together on a connection of their own; each with its limit. Never throws. */
export async function observeCluster(
	cluster: ClusterClient,
	{
		timeoutMs,
		namespace = cluster.facts.namespace,
	}: {
		timeoutMs: number;
		namespace?: string;
	},
): Promise<ClusterObservations> {
	const connection = await cluster.connect().catch(() => null);
	// One that is not answered in time takes the connection along, and the others are asked again elsewhere.
	const asked = preferConnection(connection && pipelined(connection), cluster);
	const [authority, version, replicas, pods, first] = await Promise.all([
		readClusterCa(asked, namespace, {timeoutMs}),
		readVersion(asked, {timeoutMs}),
		readReplicas(asked, {timeoutMs}),
		readMirrorPods(asked, {timeoutMs}),
		connection && observeConnection(connection, {limitMs: timeoutMs, user: false}),
	]);
	const [again, user] = await Promise.all([
		connection && first?.flags ? observeConnection(connection, {limitMs: timeoutMs, user: false, isReversed: true}) : null,
		connection && readUserInfo(connection, {timeoutMs}),
	]);
	connection?.close();
	const facts = connection?.facts ?? null;
	return {
		authority: authority.read?.facts ?? null,
		version: version.read ?? null,
		replicas: replicas.read ?? null,
		mirrorPods: pods.read ? apiserverFlags(pods.read) : [],
		gatewaySeen:
			first && again && isOfAnotherProcess(again, first)
				? spreadsRequestsReason
				: isCertificateLost(facts?.clientCertificateSha256 ?? null, user, version.read?.facts ?? null)
					? 'the apiserver does not know you by the certificate that you showed'
					: null,
		met: first && facts && {readings: {...first, user}, facts},
		closed: unavailableSources([authority, version, replicas, pods]),
	};
}

/** Why the authority could not be read; `null` where it was not asked for, or was read. */
export function caUnavailableReason(closed: readonly UnavailableSource[]): UnavailableSource['because'] | null {
	return closed.find(({source}) => source === 'ca-comparison')?.because ?? null;
}

/** What could not be read, and why. */
export function unavailableSources(outcomes: ReadonlyArray<ProbeResult<unknown>>): readonly UnavailableSource[] {
	return outcomes.flatMap(({closed}) => (closed ? [closed] : []));
}

/** What was read of the cluster beside any one connection: read once in the background, dropped when the cluster may have changed. */
import type {ClusterAccess} from '../cluster/cluster-access.ts';
import type {Closed, FlagFacts, Outcome, Reading, ReplicaFacts, VersionFacts} from './evidence.ts';
import {readReplicas} from './probes/apiserver-replicas.ts';
import {readClusterAuthority, type AuthorityFacts} from './probes/cluster-authority.ts';
import {readVersion} from './probes/cluster-version.ts';
import {apiserverFlagsOf, readMirrorPods} from './probes/mirror-pods.ts';

export type SharedReadings = {
	authority: AuthorityFacts | null;
	version: Reading<VersionFacts> | null;
	replicas: Reading<ReplicaFacts> | null;
	mirrorPods: ReadonlyArray<Reading<FlagFacts>>;
	closed: readonly Closed[];
};

export const nothingShared: SharedReadings = {authority: null, version: null, replicas: null, mirrorPods: [], closed: []};

/** Ordinary reads one after the other, so that one pooled connection does for all; each with its limit. Never throws. */
export async function readShared(cluster: ClusterAccess, {timeoutMs = 2000}: {timeoutMs?: number} = {}): Promise<SharedReadings> {
	const authority = await readClusterAuthority(cluster, cluster.facts.namespace, {timeoutMs});
	const version = await readVersion(cluster, {timeoutMs});
	const replicas = await readReplicas(cluster, {timeoutMs});
	const pods = await readMirrorPods(cluster, {timeoutMs});
	return {
		authority: authority.read?.facts ?? null,
		version: version.read ?? null,
		replicas: replicas.read ?? null,
		mirrorPods: pods.read ? apiserverFlagsOf(pods.read) : [],
		closed: closedOf([authority, version, replicas, pods]),
	};
}

export function closedOf(outcomes: ReadonlyArray<Outcome<unknown>>): readonly Closed[] {
	return outcomes.flatMap(({closed}) => closed ? [closed] : []);
}

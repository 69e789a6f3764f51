/** What was read of the cluster beside any one connection: read once in the background, dropped when the cluster may have changed. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {isOfAnotherProcess, readBeforeUse, type MetOnConnection} from './connection-readings.ts';
import type {Closed, FlagFacts, Outcome, Reading, ReplicaFacts, VersionFacts} from './evidence.ts';
import {readReplicas} from './probes/apiserver-replicas.ts';
import {atOnce, ownFirst} from './probes/ask.ts';
import {readClusterAuthority, type AuthorityFacts} from './probes/cluster-authority.ts';
import {readOwnUser} from './probes/client-certificate.ts';
import {readVersion} from './probes/cluster-version.ts';
import {apiserverFlagsOf, readMirrorPods} from './probes/mirror-pods.ts';
import {isCertificateLost} from './rules/direct-connection.ts';

export type SharedReadings = {
	authority: AuthorityFacts | null;
	version: Reading<VersionFacts> | null;
	replicas: Reading<ReplicaFacts> | null;
	mirrorPods: ReadonlyArray<Reading<FlagFacts>>;
	/** Why something answers between us and the apiservers, whatever certificate it shows; `null` where nothing was seen to. */
	gatewaySeen: string | null;
	/** What answered on the connection on which it was read, which may be another apiserver; `null` where none was made. */
	met: MetOnConnection | null;
	closed: readonly Closed[];
};

export const nothingShared: SharedReadings = {authority: null, version: null, replicas: null, mirrorPods: [], gatewaySeen: null, met: null, closed: []};

/** What stands in between gives each request to an apiserver of its choice. */
export const spreadsRequests = 'two requests on one connection were answered by two processes';

/** Ordinary reads, asked together on a connection of their own; each with its limit. Never throws. */
export async function readShared(cluster: ClusterClient, {timeoutMs, namespace = cluster.facts.namespace}: {
	timeoutMs: number;
	namespace?: string;
}): Promise<SharedReadings> {
	const connection = await cluster.connect().catch(() => null);
	// One that is not answered in time takes the connection along, and the others are asked again elsewhere.
	const asked = ownFirst(connection && atOnce(connection), cluster);
	const [authority, version, replicas, pods, first] = await Promise.all([
		readClusterAuthority(asked, namespace, {timeoutMs}),
		readVersion(asked, {timeoutMs}),
		readReplicas(asked, {timeoutMs}),
		readMirrorPods(asked, {timeoutMs}),
		connection && readBeforeUse(connection, {limitMs: timeoutMs, user: false}),
	]);
	const [again, user] = await Promise.all([
		connection && first?.flags ? readBeforeUse(connection, {limitMs: timeoutMs, user: false, isReversed: true}) : null,
		connection && readOwnUser(connection, {timeoutMs}),
	]);
	connection?.close();
	const facts = connection?.facts ?? null;
	return {
		authority: authority.read?.facts ?? null,
		version: version.read ?? null,
		replicas: replicas.read ?? null,
		mirrorPods: pods.read ? apiserverFlagsOf(pods.read) : [],
		gatewaySeen: first && again && isOfAnotherProcess(again, first)
			? spreadsRequests
			: (isCertificateLost(facts?.shownCertificate ?? null, user, version.read?.facts ?? null)
				? 'the apiserver does not know you by the certificate that you showed'
				: null),
		met: first && facts && {readings: {...first, user}, facts},
		closed: closedOf([authority, version, replicas, pods]),
	};
}

/** Why the authority could not be read; `null` where it was not asked for, or was read. */
export function authorityClosed(closed: readonly Closed[]): Closed['because'] | null {
	return closed.find(({source}) => source === 'ca-comparison')?.because ?? null;
}

/** What could not be read, and why. */
export function closedOf(outcomes: ReadonlyArray<Outcome<unknown>>): readonly Closed[] {
	return outcomes.flatMap(({closed}) => closed ? [closed] : []);
}

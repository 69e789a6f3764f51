/** From what is known of one watched connection to its label. */
import type {ClusterFacts} from '../cluster/cluster-access.ts';
import type {Connection} from '../cluster/connection.ts';
import type {ErrorObject} from '../errors/spoke-error.ts';
import type {ConnectionPurpose} from '../sessions/connection-witness.ts';
import {socketReading, type ConnectionReadings} from './connection-readings.ts';
import type {Grounds, MetricFacts, Outcome, Path} from './evidence.ts';
import {failureReading} from './failure-reading.ts';
import {nothingKnown, type KnownProcess} from './known-processes.ts';
import {buildPath} from './path.ts';
import {frontOf} from './rules/front.ts';
import {authorityClosed, type SharedReadings} from './shared-readings.ts';

export type WatchedConnection = {
	/** `null` when none could be made. */
	connection: Pick<Connection, 'id' | 'facts'> | null;
	purpose: ConnectionPurpose;
	about: Path['about'];
	phase: Path['phase'];
	opened: boolean;
	answered: boolean;
	/** @see Grounds.passedOn */
	passedOn: boolean;
	/** `readings` came of it, not of the refusal that another connection got. */
	asked: boolean;
	readings: ConnectionReadings;
	/** Read on another connection, where this one's own answer did not come in time. */
	late: ConnectionReadings | null;
	/** Read beside it after it was opened; nothing before. */
	shared: SharedReadings;
	/** Read beside it where nothing else told its route. */
	counters: Outcome<MetricFacts> | null;
	rttMs: Path['rttMs'];
	error: ErrorObject | null;
	failedAt: string | null;
};

/** `known`: what was read before of the process at the connection's other end. */
export function labelOf(watched: WatchedConnection, cluster: ClusterFacts, known: KnownProcess = nothingKnown): Path {
	const {connection, purpose, readings, late, shared, counters, error} = watched;
	const time = new Date().toISOString();
	const failure = error && failureReading({error, purpose, connection: connection?.id ?? null, process: readings.process?.facts.id ?? null, time: watched.failedAt ?? time});
	const grounds: Grounds = {
		purpose,
		about: watched.about,
		time,
		connection: connection?.id ?? null,
		bound: connection !== null,
		answered: watched.answered || failure?.facts.answered === true,
		passedOn: watched.passedOn,
		socket: connection && socketReading(connection),
		front: connection
			? frontOf({socket: connection.facts, serverPath: pathOf(cluster.server), authority: shared.authority, authorityClosed: authorityClosed(shared.closed), foreignHeaders: readings.foreignHeaders, gatewaySeen: shared.gatewaySeen, processes: readings.flags ? [readings.flags] : shared.mirrorPods})
			: {to: 'unknown', why: 'no connection was made'},
		process: readings.process,
		flags: [readings, late].flatMap(read => read?.flags ?? []),
		mirrorPods: shared.mirrorPods,
		replicas: shared.replicas,
		unreached: [],
		version: shared.version,
		...known,
		metrics: known.metrics.length === 0 && counters?.read ? [counters.read] : known.metrics,
		logDifferentials: [],
		handshakes: [],
		failures: failure ? [failure] : [],
		closed: [...readings.closed, ...shared.closed, ...counters?.closed ? [counters.closed] : []],
	};
	return buildPath(grounds, {
		cluster: {
			context: cluster.context,
			server: cluster.server,
			version: shared.version?.facts.gitVersion ?? (readings.process?.facts.version ? `v${readings.process.facts.version.replace(/^v/, '')}` : null),
			sandbox: cluster.sandbox,
		},
		phase: watched.phase,
		address: null,
		rttMs: watched.rttMs,
		error,
	});
}

/** The prefix under which a server has its API, as a gateway's. */
export function pathOf(server: string): string {
	try {
		return new URL(server).pathname;
	} catch {
		return '/';
	}
}

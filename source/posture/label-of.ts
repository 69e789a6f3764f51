/** From the life of a label to what it says. */
import type {ClusterInfo} from '../cluster/cluster-client.ts';
import {socketReading} from './connection-readings.ts';
import type {Grounds, Path, SecondLegOutcome} from './evidence.ts';
import {failureReading} from './failure-reading.ts';
import {frontMet} from './front-met.ts';
import {nothingKnown, type KnownProcess} from './known-processes.ts';
import type {LabelLife} from './label-life.ts';
import {buildPath} from './path.ts';
import {recalledFailures} from './rules/second-leg-outcomes.ts';

/** `known`: what was read before of the process at the connection's other end. `outcomes`: of earlier attempts on leg 2. */
export function labelOf(life: LabelLife, cluster: ClusterInfo, known: KnownProcess = nothingKnown, outcomes: readonly SecondLegOutcome[] = []): Path {
	const {connection, purpose, readings, late, shared, counters, error} = life;
	const time = new Date().toISOString();
	const failure = error
		&& failureReading({error, purpose, connection: connection?.id ?? null, process: readings.process?.facts.id ?? null, time: life.failedAt ?? time});
	const state = {
		purpose,
		bound: connection !== null,
		answered: life.answered || failure?.facts.answered === true,
		process: readings.process,
		outcomes,
	};
	const grounds: Grounds = {
		...state,
		about: life.about,
		time,
		connection: connection?.id ?? null,
		passedOn: life.passedOn,
		socket: connection && socketReading(connection),
		front: connection ? frontMet(connection, cluster.server, readings, shared) : {to: 'unknown', why: 'no connection was made'},
		flags: [readings, late].flatMap(read => read?.flags ?? []),
		mirrorPods: shared.mirrorPods,
		replicas: shared.replicas,
		unreached: [],
		version: shared.version,
		...known,
		metrics: known.metrics.length === 0 && counters?.read ? [counters.read] : known.metrics,
		logDifferentials: [],
		handshakes: [],
		failures: [...failure ? [failure] : [], ...recalledFailures(state)],
		closed: [...readings.closed, ...shared.closed, ...counters?.closed ? [counters.closed] : []],
	};
	return buildPath(grounds, {
		cluster: {
			context: cluster.context,
			server: cluster.server,
			version: shared.version?.facts.gitVersion ?? (readings.process?.facts.version ? `v${readings.process.facts.version.replace(/^v/, '')}` : null),
			sandbox: cluster.sandbox,
		},
		phase: life.phase,
		address: null,
		rttMs: life.rttMs,
		error,
	});
}

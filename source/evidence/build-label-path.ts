/** From the life of a label to what it says. */
import type {ClusterInfo} from '../cluster/cluster-client.ts';
import {socketObservation} from './connection-observations.ts';
import type {Observations, Path, SecondLegOutcome} from './evidence.ts';
import {failureObservation} from './failure-observation.ts';
import {identifyObservedServer} from './server-identity.ts';
import {emptyCachedProcess, type CachedProcess} from './process-cache.ts';
import type {LabelState} from './label-state.ts';
import {buildPath} from './build-path.ts';
import {recalledFailures} from './rules/second-leg-outcomes.ts';

/** `known`: what was read before of the process at the connection's other end. `outcomes`: of earlier attempts on leg 2. */
export function buildLabelPath(
	life: LabelState,
	cluster: ClusterInfo,
	known: CachedProcess = emptyCachedProcess,
	outcomes: readonly SecondLegOutcome[] = [],
): Path {
	const {connection, purpose, readings, late, shared, counters, error} = life;
	const time = new Date().toISOString();
	const failure =
		error &&
		failureObservation({
			error,
			purpose,
			connection: connection?.id ?? null,
			process: readings.process?.facts.id ?? null,
			time: life.failedAt ?? time,
		});
	const state = {
		purpose,
		bound: connection !== null,
		answered: life.answered || failure?.facts.answered === true,
		process: readings.process,
		outcomes,
	};
	const grounds: Observations = {
		...state,
		about: life.about,
		time,
		connection: connection?.id ?? null,
		upgradePassedThrough: life.passedOn,
		socket: connection && socketObservation(connection),
		serverIdentity: connection
			? identifyObservedServer(connection, cluster.server, readings, shared)
			: {to: 'unknown', why: 'no connection was made'},
		flags: [readings, late].flatMap(read => read?.flags ?? []),
		mirrorPods: shared.mirrorPods,
		replicas: shared.replicas,
		unreached: [],
		version: shared.version,
		...known,
		metrics: known.metrics.length === 0 && counters?.read ? [counters.read] : known.metrics,
		logDifferentials: [],
		handshakes: [],
		failures: [...(failure ? [failure] : []), ...recalledFailures(state)],
		closed: [...readings.closed, ...shared.closed, ...(counters?.closed ? [counters.closed] : [])],
	};
	return buildPath(grounds, {
		cluster: {
			context: cluster.context,
			server: cluster.server,
			version:
				shared.version?.facts.gitVersion ??
				(readings.process?.facts.version ? `v${readings.process.facts.version.replace(/^v/, '')}` : null),
			sandbox: cluster.sandbox,
		},
		phase: life.phase,
		address: null,
		rttMs: life.rttMs,
		error,
	});
}

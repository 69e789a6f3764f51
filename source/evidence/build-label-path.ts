/** Builds the Path of a label. */
import type {ClusterInfo} from '../cluster/cluster-client.ts';
import {socketObservation} from './connection-observations.ts';
import type {Observations, Path, SecondLegOutcome} from './evidence.ts';
import {failureObservation} from './failure-observation.ts';
import {identifyObservedServer} from './server-identity.ts';
import {emptyCachedProcess, type CachedProcess} from './process-cache.ts';
import type {LabelState} from './label-state.ts';
import {buildPath} from './build-path.ts';
import {recalledFailures} from './rules/second-leg-outcomes.ts';

/** `known`: of the process at the connection's end. `outcomes`: of earlier attempts on leg 2. */
export function buildLabelPath(
	state: LabelState,
	cluster: ClusterInfo,
	known: CachedProcess = emptyCachedProcess,
	outcomes: readonly SecondLegOutcome[] = [],
): Path {
	const {connection, purpose, observations: own, lateObservations, cluster: shared, metrics, error} = state;
	const time = new Date().toISOString();
	const failure =
		error &&
		failureObservation({
			error,
			purpose,
			connection: connection?.id ?? null,
			process: own.process?.facts.id ?? null,
			time: state.failedAt ?? time,
		});
	const attempt = {
		purpose,
		isBound: connection !== null,
		farEndAnswered: state.farEndAnswered || failure?.facts.answered === true,
		process: own.process,
		outcomes,
	};
	const observations: Observations = {
		...attempt,
		about: state.about,
		time,
		connection: connection?.id ?? null,
		upgradePassedThrough: state.upgradePassedThrough,
		socket: connection && socketObservation(connection),
		serverIdentity: connection
			? identifyObservedServer(connection, cluster.server, own, shared)
			: {to: 'unknown', why: 'no connection was made'},
		flags: [own, lateObservations].flatMap(one => one?.flags ?? []),
		mirrorPods: shared.mirrorPods,
		replicas: shared.replicas,
		unreachedAddresses: [],
		version: shared.version,
		...known,
		metrics: known.metrics.length === 0 && metrics?.observation ? [metrics.observation] : known.metrics,
		logDifferentials: [],
		handshakes: [],
		failures: [...(failure ? [failure] : []), ...recalledFailures(attempt)],
		unavailable: [...own.unavailable, ...shared.unavailable, ...(metrics?.unavailable ? [metrics.unavailable] : [])],
	};
	return buildPath(observations, {
		cluster: {
			context: cluster.context,
			server: cluster.server,
			version: shared.version?.facts.gitVersion ?? (own.process?.facts.version ? `v${own.process.facts.version.replace(/^v/, '')}` : null),
			sandbox: cluster.sandbox,
		},
		phase: state.phase,
		address: null,
		rttMs: state.rttMs,
		error,
	});
}

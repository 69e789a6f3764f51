/** Reads all that `path`, `audit`, `doctor` and the why-view need of one apiserver connection, once for all features. */
import {isDeepStrictEqual} from 'node:util';
import type {ClusterAccess} from '../cluster/cluster-access.ts';
import type {Connection} from '../cluster/connection.ts';
import {readBeforeUse, readOnFreshConnection, socketReading, type ConnectionReadings} from './connection-readings.ts';
import type {Closed, ConnectionPurpose, FlagFacts, Grounds, MetricFacts, Outcome, Reading, StepTestFacts} from './evidence.ts';
import {knownProcesses} from './known-processes.ts';
import {frontMet} from './front-met.ts';
import {readApiserverMetrics} from './probes/apiserver-metrics.ts';
import {recalledFailures} from './rules/second-leg-outcomes.ts';
import {closedOf, readShared, spreadsRequests, type SharedReadings} from './shared-readings.ts';

/** How long one connection's small reads may take when nobody waits for a stream. */
const readLimitMs = 5000;

export type Examined = {
	/** The connection that the verdicts are about; its requests all end at one process, if no gateway stands between. */
	connection: Connection;
	own: ConnectionReadings;
	/** Other processes met on further connections, to the same server address or to their own. */
	others: readonly MetProcess[];
	/** Addresses of apiservers that were tried and not read, each with the reason. */
	unreached: readonly string[];
	metrics: Outcome<MetricFacts>;
	shared: SharedReadings;
	/** What an active probe found; empty without consent. */
	active: Pick<Grounds, 'stepTests' | 'agentTests' | 'logDifferentials' | 'handshakes' | 'failures'>;
};

/** `dialled`: its own address, where that was dialled. */
export type MetProcess = ConnectionReadings & {dialled: string | null};

export const nothingActive: Examined['active'] = {stepTests: [], agentTests: [], logDifferentials: [], handshakes: [], failures: []};

/**
Passive: ordinary reads on a connection of ours, and on a few more to meet other apiservers behind the same address. `namespace`: of what it is done for, where the user may read.
@throws SpokeError when no connection can be made
*/
export async function examine(cluster: ClusterAccess, {signal, namespace}: {signal?: AbortSignal; namespace?: string | undefined} = {}): Promise<Examined> {
	const options = signal ? {signal} : {};
	const connection = await cluster.connect(options);
	const own = await readBeforeUse(connection, {limitMs: readLimitMs});
	const processId = own.process?.facts.id ?? null;
	const metrics = connection.usable ? await readMetricsOncePerMinute(cluster, connection, processId, options) : notAsked();
	const processChanged = own.flags !== null && connection.usable && await answersDiffer(connection, own);
	const readAt = Date.now();
	const shared = await readShared(cluster, {timeoutMs: readLimitMs, ...namespace ? {namespace} : {}});
	const known = knownProcesses(cluster);
	known.authority = shared.authority ?? known.authority;
	known.sawGateway(processChanged ? spreadsRequests : shared.gatewaySeen);
	if (!processChanged) {
		known.keepShared(processId, shared, readAt);
	}

	const others = await meetOthers(cluster, own, shared.replicas?.facts.known ?? null, signal);
	const foreign = others.flatMap(({foreignHeaders}) => foreignHeaders);
	known.sawGateway(foreign.length > 0 ? `answers on a further connection carry ${[...new Set(foreign)].join(', ')}, which no apiserver sends` : null);
	return {connection, own, others, unreached: [], metrics, shared, active: nothingActive};
}

/** All that the rules need for one purpose, of a connection that nobody has opened yet. */
export function groundsFor(examined: Examined, cluster: ClusterAccess, purpose: ConnectionPurpose): Grounds {
	const {connection, own, others, unreached, shared, metrics, active} = examined;
	const known = knownProcesses(cluster);
	const {stepTests, agentTests, metrics: later} = known.of(own.process?.facts.id ?? null);
	const {outcomes} = cluster.secondLegs;
	const state = {purpose, bound: false, answered: false, process: own.process, outcomes};
	return {
		...state,
		about: 'configuration',
		time: new Date().toISOString(),
		connection: connection.id,
		passedOn: false,
		socket: socketReading(connection),
		front: frontMet(connection, cluster.facts.server, own, {...shared, authority: shared.authority ?? known.authority, gatewaySeen: known.gatewaySeen}),
		flags: [own, ...others].flatMap(({flags}) => flags ? [flags] : []),
		mirrorPods: shared.mirrorPods,
		replicas: shared.replicas,
		unreached,
		version: shared.version,
		// Those that were read beside a stream since are newer.
		metrics: later.length === 0 && metrics.read ? [metrics.read] : later,
		...active,
		failures: [...active.failures, ...recalledFailures(state)],
		stepTests: [...active.stepTests, ...stepTests.map(test => ofRouteOnly(test))],
		agentTests: [...active.agentTests, ...agentTests],
		closed: [...own.closed, ...closedOf([metrics]), ...shared.closed],
	};
}

/** The route is the process's for as long as it lives. That a kubelet's certificate was accepted once says nothing of the one that it has now. */
function ofRouteOnly(test: Reading<StepTestFacts>): Reading<StepTestFacts> {
	return {...test, facts: {...test.facts, rounds: [], node: null}};
}

/** Two answers of one connection that name two processes: what stands before them spreads requests, not connections. */
async function answersDiffer(connection: Connection, own: ConnectionReadings): Promise<boolean> {
	for (let tries = 0; tries < 3 && connection.usable; tries++) {
		if (isOfAnotherProcess(await readBeforeUse(connection, {limitMs: readLimitMs}), own)) {
			return true;
		}
	}

	return false;
}

function isOfAnotherProcess(again: ConnectionReadings, own: ConnectionReadings): boolean {
	if (!again.flags || !own.flags) {
		return false;
	}

	const isOtherId = again.process !== null && own.process !== null && again.process.facts.id !== own.process.facts.id;
	return isOtherId || !sameFlags(again.flags, own.flags);
}

function sameFlags(a: Reading<FlagFacts>, b: Reading<FlagFacts>): boolean {
	return isDeepStrictEqual(a.facts.values, b.facts.values);
}

/** A balancer gives new connections to other apiservers: a few more are opened while not all that are known were met. */
async function meetOthers(cluster: ClusterAccess, own: ConnectionReadings, known: number | null, signal: AbortSignal | undefined): Promise<readonly MetProcess[]> {
	const met = new Map<string, MetProcess>();
	// Without an id of its own the first could not be told from those that are met.
	if (!own.process || known === 1) {
		return [];
	}

	const tries = known === null ? 4 : Math.min((2 * known) + 2, 12);
	for (let index = 0; index < tries && met.size + 1 < (known ?? 3); index++) {
		const readings = await readOnFreshConnection(cluster, {limitMs: readLimitMs, signal});
		const id = readings?.process?.facts.id;
		if (id !== undefined && id !== own.process?.facts.id) {
			met.set(id, {...readings!, dialled: null});
		}
	}

	return [...met.values()];
}

/** Megabytes on a large cluster: asked at most once a minute of one process. */
async function readMetricsOncePerMinute(
	cluster: ClusterAccess,
	connection: Connection,
	process: string | null,
	options: {signal?: AbortSignal},
): Promise<Outcome<MetricFacts>> {
	const known = knownProcesses(cluster);
	const recent = known.recentMetrics(process, 60_000);
	if (recent) {
		return {read: recent};
	}

	const outcome = await readApiserverMetrics(connection, process, options);
	if (outcome.read) {
		known.remember(process, {metrics: [outcome.read]});
	}

	return outcome;
}

function notAsked(): {closed: Closed} {
	return {closed: {source: 'metrics', where: 'GET /metrics', because: 'not-asked', need: null}};
}


/** Builds the observations of every path: of open connections, configurations, the audit and the doctor. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {noClusterObservations, unavailableSources} from './connection-observations.ts';
import type {
	AgentTestFacts,
	ClusterObservations,
	ConnectionObservations,
	MetricFacts,
	Observation,
	Observations,
	PathScope,
	ProbeResult,
	ServerIdentity,
	StepTestFacts,
	ResolvedTarget,
} from './evidence.ts';
import {processCacheFor} from './process-cache.ts';
import {recalledFailures} from './rules/second-leg-outcomes.ts';
import {isOpenedScope} from './rules/needs.ts';
import {identifyServer} from './rules/first-leg.ts';
import {secondLegsOf} from './second-leg-record.ts';

/** What was read for one path. */
export type Examination = {
	/** On the connection in question, or on the one that was examined for it. */
	own: ConnectionObservations;
	/** On other connections, perhaps to other apiservers. */
	others: readonly ConnectionObservations[];
	unreadApiservers: readonly string[];
	shared: ClusterObservations;
	metrics: ProbeResult<MetricFacts> | null;
	active: ActiveObservations;
};

export type ActiveObservations = Pick<Observations, 'probe' | 'stepTests' | 'agentTests' | 'logDifferentials' | 'handshakes' | 'failures'>;

export const noActiveObservations: ActiveObservations = {
	probe: 'passive',
	stepTests: [],
	agentTests: [],
	logDifferentials: [],
	handshakes: [],
	failures: [],
};

/** What was read on one connection alone, and perhaps of the cluster. */
export function examinationOf(own: ConnectionObservations, shared = noClusterObservations): Examination {
	return {own, others: [], unreadApiservers: [], shared, metrics: null, active: noActiveObservations};
}

/** The target of a path whose target does not matter. */
export const noTarget: ResolvedTarget = {
	asked: '',
	kind: 'Pod',
	namespace: null,
	name: '',
	uid: null,
	node: null,
	container: null,
	chosenFrom: 0,
};

/** Adds what is known of the process at the connection's end, and of earlier attempts. */
export function buildObservations(
	cluster: ClusterClient,
	examined: Examination,
	{
		purpose,
		scope,
		farEndAnswered = false,
		answeredByApiserver = null,
	}: Pick<Observations, 'purpose' | 'scope'> & Partial<Pick<Observations, 'farEndAnswered' | 'answeredByApiserver'>>,
): Observations {
	const {own, others, unreadApiservers, shared, metrics, active} = examined;
	const known = processCacheFor(cluster).of(processIdOf(examined));
	const attempt = {
		purpose,
		scope,
		farEndAnswered,
		process: own.process,
		outcomes: secondLegsOf(cluster).outcomes,
	};
	return {
		...attempt,
		time: new Date().toISOString(),
		connection: own.socket?.connection ?? null,
		answeredByApiserver,
		socket: own.socket,
		serverIdentity: identifyExamined(cluster, examined, scope),
		flags: [own, ...others].flatMap(({flags}) => flags ?? []),
		mirrorPods: shared.mirrorPods,
		replicas: shared.replicas,
		unreadApiservers,
		probe: active.probe,
		version: shared.version,
		metrics: known.metrics.length === 0 && metrics?.observation ? [metrics.observation] : known.metrics,
		stepTests: [...active.stepTests, ...(isOpenedScope({scope}) ? known.stepTests : known.stepTests.map(test => routeOnly(test)))],
		agentTests: [...active.agentTests, ...known.agentTests.map(test => withoutAgent(test))],
		logDifferentials: active.logDifferentials,
		handshakes: active.handshakes,
		failures: [...active.failures, ...recalledFailures(attempt)],
		unavailable: [...own.unavailable, ...shared.unavailable, ...(metrics ? unavailableSources([metrics]) : [])],
	};
}

/** The next connection may end where any of the others did: if one of them may be a gateway, nothing is proven. */
export function identifyExamined(
	cluster: ClusterClient,
	{own, others, shared}: Pick<Examination, 'own' | 'others' | 'shared'>,
	scope: PathScope,
): ServerIdentity {
	const {ca, gatewaySeen} = processCacheFor(cluster);
	const known = {...shared, ca: ca ?? shared.ca, gatewaySeen};
	const identity = identifyServer(own, known, cluster.facts.server);
	return scope === 'next-connection' && identity.to === 'apiserver'
		? (others.map(other => identifyServer(other, known, cluster.facts.server)).find(({to}) => to !== 'apiserver') ?? identity)
		: identity;
}

export function processIdOf({own}: Pick<Examination, 'own'>): string | null {
	return own.process?.facts.id ?? null;
}

/** The tunnel holds while the process runs. Another dial may take another agent. */
function withoutAgent(test: Observation<AgentTestFacts>): Observation<AgentTestFacts> {
	return {...test, facts: {...test.facts, agent: null}};
}

/** The route holds while the process runs. An accepted kubelet certificate says nothing about the current one. */
function routeOnly(test: Observation<StepTestFacts>): Observation<StepTestFacts> {
	return {...test, facts: {...test.facts, rounds: [], node: null}};
}

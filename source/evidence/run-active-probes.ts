/** Examines an apiserver, and by consent or with `--probe active` also its replicas, and a node, pod or service through it. */
import {SpokeError, toSpokeError} from '../base/errors/spoke-error.ts';
import {processIdOf, identifyExamined, noTarget} from './build-observations.ts';
import type {ClusterClient, Connection} from '../cluster/cluster-client.ts';
import {observeConnection} from './connection-observations.ts';
import type {
	ConnectionPurpose,
	Observations,
	LogDifferentialFacts,
	MetricFacts,
	ProbeResult,
	Observation,
	ConnectionObservations,
} from './evidence.ts';
import {type ApiserverExamination, type ExamineOptions, examineApiserver} from './examine-apiserver.ts';
import {failureObservation, recordAnswer, recordFailureText} from './second-leg-record.ts';
import {processCacheFor} from './process-cache.ts';
import {readAgentConnections, readAgentPods, type AgentPod} from './probes/agent-metrics.ts';
import {readApiserverMetrics} from './probes/apiserver-metrics.ts';
import {holdUpgrade, runStepTest, type StepTestResult} from './probes/step-test.ts';
import {readKubeletHandshake} from './probes/kubelet.ts';
import {type ReadLog, readLogDifferential} from './probes/log-differential.ts';
import {makeObservation, probeTimeoutMs} from './probes/probe-request.ts';
import {advertisedAddress, isVerifiedApiserver} from './rules/replicas.ts';

export type ProbeTarget = Omit<ReadLog, 'container'> & {
	container: string | null;
	hostAddress: string | null;
	kubeletPort: number;
	nodeAddresses: readonly string[] | null;
};

/** Most clusters have three or five. */
const maxReplicas = 16;

const timeoutMs = 2000;

/** Never throws: a failed probe gives an observation or nothing. */
export async function runActiveProbes(
	examined: ApiserverExamination,
	cluster: ClusterClient,
	target: ProbeTarget,
): Promise<ApiserverExamination> {
	const {connection} = examined;
	const process = processIdOf(examined);
	const {namespace, pod, container, node, hostAddress, kubeletPort, nodeAddresses} = target;
	const handshake = hostAddress === null ? null : await readKubeletHandshake(hostAddress, kubeletPort, {node, nodeAddresses});
	const log =
		container === null || !connection.usable ? null : await readLogDifferential(connection, {namespace, pod, container, node}, process);
	const result = await stepTest(examined, cluster, target).catch(() => undefined);
	const tested = fromStepTest(result, examined, target);
	recordProbes(cluster, {log, result}, process, target);
	// The attempts have moved the metrics, even if they were refused.
	const again = await metricsOf(examined);
	processCacheFor(cluster).remember(process, {
		...(again?.observation && {metrics: [again.observation]}),
		...(tested.stepTests.length > 0 && {stepTests: tested.stepTests}),
		...(tested.agentTests.length > 0 && {agentTests: tested.agentTests}),
	});
	return {
		...examined,
		metrics: again?.observation ? again : examined.metrics,
		active: {
			...tested,
			probe: 'active',
			logDifferentials: log ? [log] : [],
			handshakes: handshake?.observation ? [handshake.observation] : [],
		},
	};
}

function recordProbes(
	cluster: ClusterClient,
	{log, result}: {log: Observation<LogDifferentialFacts> | null; result: StepTestResult | undefined},
	process: string | null,
	target: ProbeTarget,
): void {
	const attempt = {purpose: portForward(target), process};
	const logAttempt = {...attempt, purpose: {...attempt.purpose, feature: 'logs' as const}};
	if (log?.facts.normal === 'ok') {
		recordAnswer(cluster, logAttempt);
	} else if (log?.facts.text) {
		recordFailureText(cluster, logAttempt, log.facts.text, 500);
	}

	if (result?.kind === 'evaluated' && result.steps.rounds.length > 0) {
		recordAnswer(cluster, attempt);
	} else if (result?.kind === 'refused') {
		recordFailureText(cluster, attempt, result.answer.body);
	}
}

async function metricsOf(examined: ApiserverExamination): Promise<ProbeResult<MetricFacts> | null> {
	return examined.metrics.observation && examined.connection.usable
		? readApiserverMetrics(examined.connection, processIdOf(examined))
		: null;
}

async function stepTest(examined: ApiserverExamination, cluster: ClusterClient, target: ProbeTarget): Promise<StepTestResult> {
	const agents = (await readAgentPods(cluster)).observation?.facts ?? [];
	/** For another carrier, too, because the counts of the agents do not show which process opened it. */
	const reconnect = async () => {
		const connection = await connectToProcess(processIdOf(examined), cluster);
		if (!connection) {
			throw new SpokeError('ERR_STREAM_LOST', 'could not reconnect to the same apiserver process', {leg: 1});
		}

		return connection;
	};

	return runStepTest({
		connectToProcess: async () => connectToProcess(processIdOf(examined), cluster),
		hold: async first => holdUpgrade(reconnect, target, first),
		metrics: async () => (await metricsOf(examined))?.observation?.facts ?? null,
		agents: async () => connectionsOf(agents, cluster),
	});
}

/** `wanted`: any if `null`. */
async function connectToProcess(wanted: string | null, cluster: ClusterClient): Promise<Connection | null> {
	for (let attempt = 0; attempt < 12; attempt++) {
		const connection = await cluster.connect();
		if (wanted === null) {
			return connection;
		}

		const {process} = await observeConnection(connection, {timeoutMs: probeTimeoutMs});
		if (process?.facts.id === wanted && connection.usable) {
			return connection;
		}

		connection.close();
	}

	return null;
}

async function connectionsOf(agents: readonly AgentPod[], cluster: ClusterClient): Promise<ReadonlyMap<string, number>> {
	const ready = agents.filter(agent => agent.ready).slice(0, 20);
	const counts = await Promise.all(ready.map(async agent => [agent.name, await readAgentConnections(cluster, agent)] as const));
	return new Map(counts.flatMap(([name, open]) => (open === undefined ? [] : [[name, open]])));
}

function fromStepTest(
	result: StepTestResult | undefined,
	examined: ApiserverExamination,
	target: ProbeTarget,
): Pick<Observations, 'stepTests' | 'agentTests' | 'failures'> {
	const process = processIdOf(examined);
	// Held upgrades use connections of their own. They are evidence for this process only if each was recognized, or its own count of them
	// rose.
	const isBound = process !== null || (result?.kind === 'evaluated' && result.steps.moved !== 'undecided');
	const more = {process, connection: isBound ? examined.connection.id : null, time: new Date().toISOString(), active: true} as const;
	if (result?.kind === 'evaluated') {
		const {steps, agent} = result;
		const where = `held port-forwards to ${target.namespace}/${target.pod}`;
		return {
			stepTests: [makeObservation('step-test', where, {...steps, node: target.node}, more)],
			agentTests: agent ? [makeObservation('agent-metrics', where, agent, more)] : [],
			failures: [],
		};
	}

	const failure =
		result?.kind === 'refused' && failureObservation({error: {text: result.answer.body}, purpose: portForward(target), ...more});
	return {stepTests: [], agentTests: [], failures: failure ? [failure] : []};
}

function portForward({namespace, pod, node, container}: ProbeTarget): ConnectionPurpose {
	return {feature: 'port-forward', target: {...noTarget, asked: pod, namespace, name: pod, node, container, chosenFrom: 1}, request: null};
}

/**
Passive probes ask only the apiserver. Active ones also examine its replicas, and the node of `target`, if there is one.
@throws SpokeError when no connection can be made
*/
export async function examineWithProbes(
	cluster: ClusterClient,
	{probe, target, ...options}: ExamineOptions & {probe: 'passive' | 'active'; target: () => Promise<ProbeTarget | null>},
): Promise<ApiserverExamination> {
	const passive = await examineApiserver(cluster, options);
	try {
		if (probe === 'passive') {
			return passive;
		}

		const wide = await probeReplicas(passive, cluster, options.signal);
		const found = await target();
		// Without a target, the probes that need one have nothing to reach.
		return found ? await runActiveProbes(wide, cluster, found) : {...wide, active: {...wide.active, probe}};
	} finally {
		passive.connection.close();
	}
}

/**
Reads further apiservers at their own addresses, only by consent and always verified. Sends credentials only to a server whose certificate
is signed by the kubeconfig's CA and has the apiserver's own name. Dials none behind a gateway or a proxy, or if leg 1 is not verified.
*/
async function probeReplicas(examined: ApiserverExamination, cluster: ClusterClient, signal?: AbortSignal): Promise<ApiserverExamination> {
	const {own, others, unreadApiservers} = examined;
	const met = [own, ...others].flatMap(({flags}) => (flags ? [advertisedAddress(flags)] : []));
	const unmet = (examined.shared.replicas?.facts.addresses ?? []).filter(address => !met.includes(address));
	// If the flags of the first are forbidden, those of the others are, too.
	if (!own.flags || unmet.length === 0) {
		return examined;
	}

	const refused = refusalReason(examined, cluster);
	if (refused !== null) {
		return {...examined, unreadApiservers: [...unreadApiservers, ...unmet.map(address => `${address}: not dialed, ${refused}`)]};
	}

	const found = await Promise.all(unmet.slice(0, maxReplicas).map(async address => observeAt(cluster, address, signal)));
	const ids = new Set([own, ...others].map(({process}) => process?.facts.id));
	const newProcesses = found.filter(one => typeof one !== 'string').filter(({process}) => process === null || !ids.has(process.facts.id));
	return {
		...examined,
		others: [...others, ...newProcesses],
		unreadApiservers: [...unreadApiservers, ...found.filter(one => typeof one === 'string')],
	};
}

function refusalReason(examined: ApiserverExamination, cluster: ClusterClient): string | null {
	if (examined.connection.facts.proxy) {
		return 'your connection to the apiserver uses a proxy';
	}

	const serverIdentity = identifyExamined(cluster, examined, 'next-connection');
	// A server with the apiserver's certificate learns nothing new from credentials for it.
	return isVerifiedApiserver({serverIdentity, socket: examined.own.socket}) || serverIdentity.hasApiserverCertificate
		? null
		: 'it is not certain that an apiserver responds to you';
}

async function observeAt(
	cluster: ClusterClient,
	address: string,
	signal: AbortSignal | undefined,
): Promise<ConnectionObservations | string> {
	try {
		const connection = await cluster.connectAt(address, {timeoutMs, ...(signal ? {signal} : {})});
		try {
			const observations = await observeConnection(connection, {timeoutMs});
			return observations.flags ? {...observations, dialedAddress: address} : `${address}: its /flagz could not be read`;
		} finally {
			connection.close();
		}
	} catch (error) {
		return `${address}: ${toSpokeError(error).message}`;
	}
}

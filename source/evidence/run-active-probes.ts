/** Probes that reach a node, pod or service through the apiserver: only by consent or `--probe active`. */
import type {ClusterClient, Connection} from '../cluster/cluster-client.ts';
import {SpokeError} from '../errors/spoke-error.ts';
import {processIdOf} from './build-observations.ts';
import {observeConnection} from './connection-observations.ts';
import type {
	ConnectionPurpose,
	Observations,
	KubeletHandshakeFacts,
	LogDifferentialFacts,
	MetricFacts,
	ProbeResult,
	Observation,
} from './evidence.ts';
import type {ApiserverExamination} from './examine-apiserver.ts';
import {failureObservation} from './failure-observation.ts';
import {processCacheFor} from './process-cache.ts';
import {readAgentConnections, readAgentPods, type AgentPod} from './probes/agent-metrics.ts';
import {readApiserverMetrics} from './probes/apiserver-metrics.ts';
import {holdUpgrade} from './probes/held-upgrades.ts';
import {readKubeletHandshake} from './probes/kubelet-handshake.ts';
import {readLogDifferential} from './probes/log-differential.ts';
import {makeObservation, probeTimeoutMs} from './probes/probe-request.ts';
import {recordAnswer, recordFailureText} from './second-leg-record.ts';
import {runStepTest, type StepTestResult} from './probes/step-test.ts';

export type ProbeTarget = {
	namespace: string;
	pod: string;
	container: string | null;
	node: string | null;
	hostAddress: string | null;
	kubeletPort: number;
	kubeletAddresses: readonly string[] | null;
	nodeAddresses: readonly string[] | null;
};

/** Never throws: a failed probe gives an observation or nothing. */
export async function runActiveProbes(
	examined: ApiserverExamination,
	cluster: ClusterClient,
	target: ProbeTarget,
): Promise<ApiserverExamination> {
	const handshake = await probeHandshake(target);
	const log = await readLog(examined, target);
	const result = await stepTest(examined, cluster, target).catch(() => undefined);
	const tested = fromStepTest(result, examined, target);
	recordProbes(cluster, {log, result}, examined, target);
	// The attempts have moved the metrics, even if they were refused.
	const again = await metricsOf(examined);
	processCacheFor(cluster).remember(processIdOf(examined), {
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
	examined: ApiserverExamination,
	target: ProbeTarget,
): void {
	const {kubeletAddresses} = target;
	const attempt = {purpose: portForward(target), process: processIdOf(examined), kubeletAddresses};
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

async function probeHandshake({
	hostAddress,
	kubeletPort,
	node,
	nodeAddresses,
}: ProbeTarget): Promise<ProbeResult<KubeletHandshakeFacts> | null> {
	return hostAddress === null ? null : readKubeletHandshake({address: hostAddress, port: kubeletPort, node, nodeAddresses});
}

async function readLog(
	examined: ApiserverExamination,
	{namespace, pod, container, node, kubeletAddresses}: ProbeTarget,
): Promise<Observation<LogDifferentialFacts> | null> {
	return container === null || !examined.connection.usable
		? null
		: readLogDifferential(examined.connection, {namespace, pod, container, node, kubeletAddresses}, processIdOf(examined));
}

async function metricsOf(examined: ApiserverExamination): Promise<ProbeResult<MetricFacts> | null> {
	return examined.metrics.observation && examined.connection.usable
		? readApiserverMetrics(examined.connection, processIdOf(examined))
		: null;
}

async function stepTest(examined: ApiserverExamination, cluster: ClusterClient, target: ProbeTarget): Promise<StepTestResult> {
	const agents = (await readAgentPods(cluster)).observation?.facts ?? [];
	return runStepTest({
		connectToProcess: async () => connectToProcess(examined, cluster),
		hold: async first =>
			holdUpgrade(async () => reconnectToProcess(examined, cluster), {namespace: target.namespace, name: target.pod}, first),
		metrics: async () => (await metricsOf(examined))?.observation?.facts ?? null,
		agents: async () => connectionsOf(agents, cluster),
	});
}

async function connectToProcess(examined: ApiserverExamination, cluster: ClusterClient): Promise<Connection | null> {
	const wanted = processIdOf(examined);
	for (let attempt = 0; attempt < 12; attempt++) {
		const connection = await cluster.connect();
		if (wanted === null) {
			return connection;
		}

		const observations = await observeConnection(connection, {timeoutMs: probeTimeoutMs});
		if (observations.process?.facts.id === wanted && connection.usable) {
			return connection;
		}

		connection.close();
	}

	return null;
}

/** Connects to the same process for another carrier, because the counts of the agents do not show which process opened it. */
async function reconnectToProcess(examined: ApiserverExamination, cluster: ClusterClient): Promise<Connection> {
	const connection = await connectToProcess(examined, cluster);
	if (!connection) {
		throw new SpokeError('ERR_STREAM_LOST', 'could not reconnect to the same apiserver process', {leg: 1});
	}

	return connection;
}

async function connectionsOf(agents: readonly AgentPod[], cluster: ClusterClient): Promise<ReadonlyMap<string, number>> {
	const counts = new Map<string, number>();
	await Promise.all(
		agents
			.filter(({ready}) => ready)
			.slice(0, 20)
			.map(async agent => {
				const open = await readAgentConnections(cluster, agent);
				if (open !== undefined) {
					counts.set(agent.name, open);
				}
			}),
	);
	return counts;
}

function fromStepTest(
	result: StepTestResult | undefined,
	examined: ApiserverExamination,
	target: ProbeTarget,
): Pick<Observations, 'stepTests' | 'agentTests' | 'failures'> {
	const common = {
		process: processIdOf(examined),
		connection: examined.connection.id,
		time: new Date().toISOString(),
		active: true,
	} as const;
	if (result?.kind === 'refused') {
		const failure = failureObservation({
			error: {text: result.answer.body, leg: 2},
			purpose: portForward(target),
			connection: common.process === null ? null : common.connection,
			process: common.process,
			time: common.time,
			active: true,
		});
		return {stepTests: [], agentTests: [], failures: failure ? [failure] : []};
	}

	if (result?.kind !== 'evaluated') {
		return {stepTests: [], agentTests: [], failures: []};
	}

	const {steps, agent} = result;
	const where = `held port-forwards to ${target.namespace}/${target.pod}`;
	// Held upgrades use connections of their own. They are evidence for this process only if each was recognized, or its own count of them
	// rose.
	const isBound = common.process !== null || steps.moved !== 'undecided';
	const more = {...common, connection: isBound ? common.connection : null};
	return {
		stepTests: [makeObservation('step-test', where, {...steps, node: target.node}, more)],
		agentTests: agent ? [makeObservation('agent-metrics', where, agent, more)] : [],
		failures: [],
	};
}

function portForward({namespace, pod, node, container}: ProbeTarget): ConnectionPurpose {
	return {
		feature: 'port-forward',
		target: {asked: pod, kind: 'Pod', namespace, name: pod, uid: null, node, container, chosenFrom: 1},
		request: null,
	};
}

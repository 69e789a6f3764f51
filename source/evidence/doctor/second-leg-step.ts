/** The doctor's leg 2: reads one byte of a log, and opens a port-forward without streams, unless it is passive. */
import type {IncomingHttpHeaders} from 'node:http';
import type {ClusterClient} from '../../cluster/cluster-client.ts';
import {errorFromResponse} from '../../cluster/error-from-response.ts';
import {quoteForShell} from '../../base/text/escaping.ts';
import {SpokeError} from '../../base/errors/spoke-error.ts';
import {errorFromExplanation, explainMessage, type Explanation, kubeletLogRefusal} from '../../cluster/server-messages/explain-message.ts';
import {statusMessage} from '../../cluster/server-messages/unwrap-message.ts';
import {type ActiveObservations, noActiveObservations, processIdOf} from '../build-observations.ts';
import type {ApiserverExamination} from '../examine-apiserver.ts';
import type {PathPlan} from '../plan-paths.ts';
import {describeAgentReadiness, readAgentPods} from '../probes/agent-metrics.ts';
import {isFromApiserver, isFromKubelet, type LogByteResponse, readLogByte, type ReadLog, logAnswer} from '../probes/log-differential.ts';
import {makeObservation, preferConnection} from '../probes/probe-request.ts';
import {holdUpgrade} from '../probes/step-test.ts';
import {readSigningRequests} from '../probes/node-to-apiserver.ts';
import {failedStep, stepResult, type StepResult} from './doctor-object.ts';

type Answer = Pick<LogByteResponse, 'status' | 'body'>;

/** Longer than the apiserver's own dial timeout of 30 s. */
const logTimeoutMs = 40_000;

export type SecondLegResult = StepResult & {
	/** On the examined connection, so by the process that was read. */
	isOwn?: boolean;
	/** What an answer of the kubelet shows; `null` without one. */
	answer?: ActiveObservations | null;
};

export async function secondLegStep(
	cluster: ClusterClient,
	examined: Pick<ApiserverExamination, 'connection' | 'own'>,
	{probe, node, target, pod}: PathPlan,
	{probe: mode = 'active'}: {probe?: 'passive' | 'active'} = {},
): Promise<SecondLegResult> {
	const own = examined.connection;
	if (target.node === null) {
		const remedy = `kubectl describe pod ${quoteForShell(target.name)} -n ${quoteForShell(target.namespace ?? 'default')}`;
		const error = new SpokeError('ERR_TARGET_GONE', `pod ${target.name} is on no node yet`, {leg: 3, remedy});
		return failedStep('leg-2', error, {fits: whyUnscheduled(pod)});
	}

	if (mode === 'passive') {
		return stepResult('leg-2', `not tested: passive probes open no stream to kubelet ${target.node}`, {status: 'unknown'});
	}

	const log = probe ?? (pod ? {namespace: target.namespace ?? 'default', pod: target.name, container: target.container} : null);
	if (!log?.container) {
		return stepResult('leg-2', `not tried: no pod on node ${target.node} that you can read`, {status: 'unknown'});
	}

	const read = await readLogByte(
		preferConnection(own.usable ? own : null, cluster),
		{...log, container: log.container},
		{timeoutMs: logTimeoutMs},
	);
	const end = {process: processIdOf(examined), connection: own.id};
	const logAttempt = {
		isOwn: read.connection === own.id,
		answer: isFromKubelet(read) ? {...noActiveObservations, logDifferentials: [logAnswer({...log, node: target.node}, end)]} : null,
	};
	if (read.status !== 200 && !isFromApiserver(read)) {
		return {...(await explained(read, cluster, node?.metadata.name ?? target.node)), ...logAttempt};
	}

	const held = probe ? await holdUpgrade(async () => cluster.connect(), probe, own.usable ? own : undefined) : null;
	if (held?.held) {
		held.end();
		return {
			...stepResult('leg-2', `kubelet ${target.node} responds: ${read.status === 200 ? 'a log read and ' : ''}a port-forward`),
			...(logAttempt.answer ? logAttempt : {isOwn: held.connection === own.id, answer: heldAnswer({...log, node: target.node}, end)}),
		};
	}

	if (held && !isFromApiserver(held)) {
		return {...(await explained(held, cluster, target.node)), isOwn: held.connection === own.id, answer: null};
	}

	return {
		...(read.status === 200 ? stepResult('leg-2', `kubelet ${target.node} responds: a log read`) : withoutLog(read, target.node)),
		...logAttempt,
	};
}

type ConnectionEnd = {process: string | null; connection: string};

function heldAnswer({namespace, pod, node}: Pick<ReadLog, 'namespace' | 'pod' | 'node'>, end: ConnectionEnd): ActiveObservations {
	const facts = {node, rounds: [1], moved: 'undecided', agentsRead: false, observed: 'held'} as const;
	const where = `a held port-forward to ${namespace}/${pod}`;
	return {...noActiveObservations, stepTests: [makeObservation('step-test', where, facts, {...end, active: true})]};
}

function whyUnscheduled(pod: PathPlan['pod']): string[] {
	const {reason, message} = pod?.status?.conditions?.find(({type, status}) => type === 'PodScheduled' && status === 'False') ?? {};
	return message ? [`${reason ?? 'not scheduled'}: ${message}`] : [];
}

/** If the kubelet says why there is no log, leg 2 worked. Otherwise the apiserver responded without contacting it. */
function withoutLog({status, body}: Answer, node: string): StepResult {
	const ofKubelet = kubeletLogRefusal(status, body);
	if (ofKubelet !== null) {
		return stepResult('leg-2', `kubelet ${node} responds: ${ofKubelet}`);
	}

	const message = statusMessage(body);
	const [why, fits] =
		status === 403
			? ['you have no permission for logs or port-forward', [message ?? body.slice(0, 300)]]
			: [message ?? 'no log to read', []];
	return stepResult('leg-2', `not tried: ${why}`, {status: 'unknown', fits});
}

async function explained(
	{status, body, headers = {}}: Answer & {headers?: IncomingHttpHeaders},
	cluster: ClusterClient,
	node: string,
): Promise<StepResult> {
	const explanation = explainMessage(body, {status});
	if (!explanation) {
		return failedStep('leg-2', errorFromResponse({status, body, headers}), {means: 'unknown failure text; shown unchanged'});
	}

	const {
		message: text,
		rule: {meaning, speaker},
	} = explanation;
	const fits = await findRelated(explanation, cluster, node);
	return failedStep('leg-2', errorFromExplanation(explanation), {observed: meaning, text, means: meaning, speaker, fits});
}

async function findRelated({rule: row, dialedAddress}: Explanation, cluster: ClusterClient, node: string): Promise<string[]> {
	const fits: string[] = dialedAddress === null ? [] : [`the apiserver dialed ${dialedAddress}`];
	if (row.proves.route) {
		const agents = await readAgentPods(cluster);
		fits.push(agents.observation ? describeAgentReadiness(agents.observation.facts) : 'you cannot list agent pods');
	}

	if (row.id === 'T5') {
		const requests = await readSigningRequests(cluster);
		const pending = (requests.observation?.facts ?? []).filter(
			({state, signer, user}) => state === 'pending' && signer === 'kubernetes.io/kubelet-serving' && user === `system:node:${node}`,
		);
		fits.push(...pending.map(({name}) => `pending: kubectl certificate approve ${quoteForShell(name)}`));
	}

	return fits;
}

/** Checks the kubelets of all nodes of a plan by one byte of a log each, a few at once. */
import type {ClusterClient, Connection} from '../../cluster/cluster-client.ts';
import {errorFromResponse, requestAttributes} from '../../cluster/error-from-response.ts';
import {parseObject} from '../../cluster/read-json-response.ts';
import {isSpokeError, SpokeError, toSpokeError} from '../../base/errors/spoke-error.ts';
import {proxyRequestFacts} from '../../streams/proxy/resolve-proxy-target.ts';
import {chooseContainer} from '../../cluster/targets/choose-container.ts';
import {nodeTarget} from '../../cluster/targets/parse-target.ts';
import {objectPath, podResource} from '../../cluster/targets/resource-names.ts';
import type {PodObject} from '../../cluster/targets/pod-object.ts';
import {toResolvedTarget} from '../../cluster/targets/resolve-pod.ts';
import {formatDuration} from '../../base/text/formats.ts';
import {noActiveObservations, processIdOf} from '../build-observations.ts';
import {noConnectionObservations, observeConnection, socketObservation} from '../connection-observations.ts';
import type {ConnectionObservations, ConnectionPurpose} from '../evidence.ts';
import {type ApiserverExamination, examineApiserver} from '../examine-apiserver.ts';
import {attemptedPath, configuredPath} from '../find-paths.ts';
import {isFromApiserver, isFromKubelet, logByteError, readLogByte, logAnswer} from '../probes/log-differential.ts';
import {probeTimeoutMs, readText} from '../probes/probe-request.ts';
import {failureObservation, recordAnswer, recordFailure} from '../second-leg-record.ts';
import type {NodeCheck, NodeCheckSummary, NotTriedReason} from '../doctor/doctor-object.ts';
import {addCheck, countChecks, type OpenGroups, summarizeChecks} from './node-check-summary.ts';
import type {NodeCheckPlan, PlannedNode} from './plan-node-checks.ts';

export type NodeCheckOptions = {
	/** Maximum log reads at once, each on a connection of its own. */
	concurrency: number;
	timeoutMs: number;
	/** Stops the check; its reason is the name of a signal. */
	signal?: AbortSignal;
	/** In the order in which the nodes answer. */
	onChecked?: (check: NodeCheck, counts: NodeCheckSummary['nodes']) => void | Promise<void>;
};

/**
Each connection is observed before its first log read, so that verdicts hold for the apiserver process at its end. Resolves also when it
is stopped, with what is known so far.
@throws SpokeError when no connection can be made at the start
*/
export async function checkNodes(
	cluster: ClusterClient,
	plan: NodeCheckPlan,
	{concurrency, timeoutMs, signal, onChecked}: NodeCheckOptions,
): Promise<NodeCheckSummary> {
	const startedAt = performance.now();
	const groups: OpenGroups = new Map();
	const connecting = signal ? {signal} : {};
	const examined = await examineApiserver(cluster, connecting);
	examined.connection.close();
	const context: NodeCheckContext = {cluster, examined, timeoutMs};
	// Nodes without a pod need no connection, and are known at once.
	const queue = plan.nodes.toSorted((a, b) => Number(a.candidates.length > 0) - Number(b.candidates.length > 0));
	const outcomes: Outcome[] = [];
	let error: SpokeError | null = null;
	const isStopped = () => error !== null || signal?.aborted === true;
	const work = async () => {
		let open = null as CheckConnection | null;
		const attempt = async (planned: PlannedNode) => {
			if (!open?.connection.usable) {
				open?.connection.close();
				open = await openConnection(cluster, connecting);
			}

			const {connection} = open;
			return checkNode(planned, open, context).catch((thrown: unknown) => {
				connection.close();
				return toSpokeError(thrown);
			});
		};

		try {
			for (let planned = queue.shift(); planned && !isStopped(); planned = queue.shift()) {
				const first = await attempt(planned);
				// An apiserver may close an idle connection, so a node whose read loses one is checked once more on a new connection.
				const check = isSpokeError(first) && !signal?.aborted ? await attempt(planned) : first;
				const known = isSpokeError(check) ? notTried(planned, 'apiserver-failed', context, check) : check;
				if (!isStopped()) {
					addCheck(groups, known);
					outcomes.push(outcomeOf(known));
					await onChecked?.(known, countChecks(groups, plan.nodes.length));
				}
			}
		} catch (thrown) {
			error ??= signal?.aborted ? null : toSpokeError(thrown);
		} finally {
			open?.connection.close();
		}
	};

	await Promise.all(Array.from({length: Math.min(concurrency, plan.nodes.length)}, work));
	recordOutcomes(cluster, outcomes);
	const tookMs = Math.round(performance.now() - startedAt);
	const stoppedBy = signal?.aborted ? String(signal.reason) : null;
	return summarizeChecks(cluster, groups, plan, examined, {concurrency, timeoutMs, tookMs, error, stoppedBy});
}

/** What later paths use of a check. */
type Outcome = Pick<NodeCheck, 'result' | 'error'> & {attempt: {purpose: ConnectionPurpose; process: string | null}};

function outcomeOf({result, error, path: {feature, target, request, process}}: NodeCheck): Outcome {
	return {result, error, attempt: {purpose: {feature, target, request}, process: process.id}};
}

/** Together, they leave room for the outcomes of other far ends. */
const maxRecordedFailures = 300;
const maxRecordedAnswers = 50;

/** Answers last: a tunnel that failed for one node has carried the answers of the others, in whatever order they came. */
function recordOutcomes(cluster: ClusterClient, outcomes: readonly Outcome[]): void {
	const of = (wanted: NodeCheck['result']) => outcomes.filter(({result}) => result === wanted);
	for (const {error, attempt} of of('failed').slice(0, maxRecordedFailures)) {
		recordFailure(cluster, attempt, error!);
	}

	for (const {attempt} of of('responded').slice(-maxRecordedAnswers)) {
		recordAnswer(cluster, attempt);
	}
}

/** A connection that checks one node after the other, and what was read on it before its first use. */
type CheckConnection = {connection: Connection; own: ConnectionObservations};

/** @throws SpokeError when no connection can be made */
async function openConnection(cluster: ClusterClient, options: {signal?: AbortSignal}): Promise<CheckConnection> {
	const connection = await cluster.connect(options);
	const own = await observeConnection(connection, {timeoutMs: probeTimeoutMs});
	if (connection.usable) {
		return {connection, own};
	}

	// A probe that timed out has closed it.
	const unobserved = await cluster.connect(options);
	return {connection: unobserved, own: {...noConnectionObservations, socket: socketObservation(unobserved)}};
}

/** `examined`: one apiserver; `own` is replaced by that of the connection. */
type NodeCheckContext = {cluster: ClusterClient; examined: ApiserverExamination; timeoutMs: number};

/** @throws SpokeError if the connection is lost before the answer, which says nothing about the node */
async function checkNode(planned: PlannedNode, {connection, own}: CheckConnection, context: NodeCheckContext): Promise<NodeCheck> {
	const {cluster, timeoutMs} = context;
	const pod = await findPod(planned, connection);
	if (typeof pod === 'string') {
		return notTried(planned, pod, context);
	}

	const {name: container} = chooseContainer(pod, undefined, {unknownAnnotation: 'go-on'});
	const {namespace = 'default', name} = pod.metadata;
	const log = {namespace, pod: name, container, node: planned.name};
	const started = performance.now();
	const read = await readLogByte(connection, log, {timeoutMs}).catch((thrown: unknown) => timeoutError(toSpokeError(thrown), timeoutMs));
	const tookMs = isSpokeError(read) ? null : Math.round((performance.now() - started) * 10) / 10;
	const hasAnswered = !isSpokeError(read) && isFromKubelet(read);
	if (!isSpokeError(read) && !hasAnswered && isFromApiserver(read)) {
		return notTried(planned, refusals.get(read.status) ?? 'apiserver-failed', context, logByteError(read));
	}

	const error = isSpokeError(read) ? read : hasAnswered ? null : logByteError(read);
	const purpose: ConnectionPurpose = {feature: 'logs', target: toResolvedTarget(`node/${planned.name}`, pod, 1, container), request: null};
	const end = {process: processIdOf({own}), connection: connection.id};
	const failure = error && failureObservation({error, purpose, ...end, time: new Date().toISOString(), active: true});
	const active = {
		...noActiveObservations,
		logDifferentials: hasAnswered ? [logAnswer(log, end)] : [],
		failures: failure ? [failure] : [],
	};
	return nodeCheck(planned, {
		result: isSpokeError(read) ? 'no-response' : hasAnswered ? 'responded' : 'failed',
		pod: {namespace, name, container},
		tookMs,
		error: error?.toJSON() ?? null,
		path: attemptedPath({...examinationOn(own, context), active}, cluster, purpose, {...planned, pod}, error?.toJSON() ?? null),
	});
}

const refusals: ReadonlyMap<number, NotTriedReason> = new Map([
	[403, 'forbidden'],
	[404, 'pod-gone'],
]);

const maxPodBytes = 4 * 1024 * 1024;

/** The pod with its containers, which a list as a table does not show; the reason if no candidate can be read. */
async function findPod({name: node, candidates}: PlannedNode, connection: Connection): Promise<PodObject | NotTriedReason> {
	for (const {namespace, name} of candidates) {
		const path = objectPath(podResource, namespace, name);
		const response = await connection.request({path});
		const body = await readText(response, maxPodBytes);
		if (response.status === 403) {
			return 'forbidden';
		}

		if (response.status !== 200 && response.status !== 404) {
			throw errorFromResponse({...response, body}, requestAttributes('GET', path));
		}

		const pod = response.status === 200 ? (parseObject(body, {path}, 'the response for a pod') as PodObject) : null;
		if (pod?.status?.phase === 'Running' && pod.spec.nodeName === node) {
			return pod;
		}
	}

	return candidates.length === 0 ? 'no-readable-pod' : 'pod-gone';
}

/** Other failures are the connection's, not the node's. */
function timeoutError(error: SpokeError, timeoutMs: number): SpokeError {
	if (error.code !== 'ERR_APISERVER_TIMEOUT') {
		throw error;
	}

	return new SpokeError('ERR_APISERVER_TIMEOUT', `no response to a log read within ${formatDuration(timeoutMs)}`, {
		leg: 2,
		legKnown: false,
		remedy: 'check that the node is up and that its kubelet runs; raise --request-timeout to see the apiserver’s own error',
	});
}

/** What was read of the apiserver, as seen from another connection to it or to another replica. */
function examinationOn(own: ConnectionObservations, {examined}: NodeCheckContext): ApiserverExamination {
	const id = processIdOf({own});
	const others = [examined.own, ...examined.others].filter(({process}) => process !== null && process.facts.id !== id);
	return {...examined, own, others};
}

/** With the configuration's path to the kubelet. `error`: of leg 1 or of the apiserver itself, which says nothing about the node. */
function notTried(
	planned: PlannedNode,
	reason: NotTriedReason,
	{examined, cluster}: NodeCheckContext,
	error: SpokeError | null = null,
): NodeCheck {
	const {name, node} = planned;
	const target = nodeTarget(`node/${name}`, name, node);
	const request = proxyRequestFacts('nodes', {scheme: null, name, port: null, input: name}, node);
	const path = configuredPath(examined, cluster, {feature: 'node-proxy', target, request}, {node, pod: null});
	return nodeCheck(planned, {reason, error: error?.toJSON() ?? null, path});
}

function nodeCheck({name, node}: PlannedNode, found: Partial<NodeCheck> & Pick<NodeCheck, 'path'>): NodeCheck {
	const ready = node?.status?.conditions?.find(({type}) => type === 'Ready')?.status;
	return {
		apiVersion: 'spoke/v1',
		kind: 'NodeCheck',
		time: new Date().toISOString(),
		node: name,
		ready: ready === undefined ? null : ready === 'True',
		result: 'not-tried',
		reason: null,
		pod: null,
		tookMs: null,
		error: null,
		...found,
	};
}

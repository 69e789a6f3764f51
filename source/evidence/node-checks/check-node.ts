/** Checks one node by one byte of a log. */
import type {ClusterClient, Connection} from '../../cluster/cluster-client.ts';
import {errorFromResponse} from '../../cluster/error-from-response.ts';
import {parseObject} from '../../cluster/read-json-response.ts';
import {requestAttributes} from '../../cluster/request-attributes.ts';
import {isSpokeError, SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import {proxyRequestFacts} from '../../streams/proxy/resolve-proxy-target.ts';
import {chooseContainer} from '../../targets/choose-container.ts';
import {nodeTarget} from '../../targets/parse-target.ts';
import {objectPath, podResource} from '../../targets/resource-names.ts';
import type {PodObject} from '../../targets/pod-object.ts';
import {toResolvedTarget} from '../../targets/resolve-pod.ts';
import {formatDuration} from '../../text/formats.ts';
import {noActiveObservations, processIdOf} from '../build-observations.ts';
import type {ConnectionObservations, ConnectionPurpose, Path} from '../evidence.ts';
import type {ApiserverExamination} from '../examine-apiserver.ts';
import {failureObservation} from '../second-leg-record.ts';
import {attemptedPath, configuredPath} from '../find-paths.ts';
import {isFromApiserver, isFromKubelet, logByteError, readLogByte, logAnswer} from '../probes/log-differential.ts';
import {readText} from '../probes/probe-request.ts';
import type {NodeCheck, NotTriedReason} from '../doctor/doctor-object.ts';
import {kubeletAddresses} from '../probes/node-to-apiserver.ts';
import type {PlannedNode} from './plan-node-checks.ts';

/** A connection that checks one node after the other, and what was read on it before its first use. */
export type CheckConnection = {connection: Connection; own: ConnectionObservations};

export type NodeCheckContext = {
	cluster: ClusterClient;
	/** Of one apiserver; `own` is replaced by that of the connection. */
	examined: ApiserverExamination;
	timeoutMs: number;
};

const maxPodBytes = 4 * 1024 * 1024;

const refusals: ReadonlyMap<number, NotTriedReason> = new Map([
	[403, 'forbidden'],
	[404, 'pod-gone'],
]);

/** @throws SpokeError if the connection is lost before the answer, which says nothing about the node */
export async function checkNode(planned: PlannedNode, {connection, own}: CheckConnection, context: NodeCheckContext): Promise<NodeCheck> {
	const {cluster, timeoutMs} = context;
	const pod = await findPod(planned, connection);
	if (typeof pod === 'string') {
		return notTried(planned, pod, context);
	}

	const {name: container} = chooseContainer(pod, undefined, {unknownAnnotation: 'go-on'});
	const {namespace = 'default', name} = pod.metadata;
	const addresses = kubeletAddresses(planned.node);
	const log = {namespace, pod: name, container, node: planned.name, kubeletAddresses: addresses};
	const target = toResolvedTarget(`node/${planned.name}`, pod, 1, container);
	const purpose: ConnectionPurpose = {feature: 'logs', target, request: null};
	const base = {...newCheck(planned), pod: {namespace, name, container}};
	const end = {process: processIdOf({own}), connection: connection.id};
	const started = performance.now();
	const read = await readLogByte(connection, log, {timeoutMs}).catch((thrown: unknown) => timeoutError(toSpokeError(thrown), timeoutMs));
	const tookMs = Math.round((performance.now() - started) * 10) / 10;
	const bound = examinationOn(own, context);
	if (isSpokeError(read)) {
		const error = read.toJSON();
		return {...base, result: 'no-response', path: attemptedPath(bound, cluster, purpose, {...planned, pod}, error), error};
	}

	if (isFromKubelet(read)) {
		const active = {...noActiveObservations, logDifferentials: [logAnswer(log, end)]};
		return {...base, result: 'responded', tookMs, path: attemptedPath({...bound, active}, cluster, purpose, {...planned, pod}, null)};
	}

	const error = logByteError(read);
	if (isFromApiserver(read)) {
		return {...notTried(planned, refusals.get(read.status) ?? 'apiserver-failed', context), error: error.toJSON()};
	}

	const failure = failureObservation({error, purpose, kubeletAddresses: addresses, ...end, time: new Date().toISOString(), active: true});
	const active = {...noActiveObservations, failures: failure ? [failure] : []};
	const path = attemptedPath({...bound, active}, cluster, purpose, {...planned, pod}, error.toJSON());
	return {...base, result: 'failed', tookMs, path, error: error.toJSON()};
}

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
	return {...examined, own, others, active: noActiveObservations};
}

/** Leg 1 or the apiserver itself failed, which says nothing about the node. */
export function notTriedFor(error: SpokeError, planned: PlannedNode, context: NodeCheckContext): NodeCheck {
	return {...notTried(planned, 'apiserver-failed', context), error: error.toJSON()};
}

function notTried(planned: PlannedNode, reason: NotTriedReason, {examined, cluster}: NodeCheckContext): NodeCheck {
	return {...newCheck(planned), reason, path: nodePath(planned, examined, cluster)};
}

/** The configuration's path to the kubelet. */
function nodePath({name, node}: PlannedNode, examined: ApiserverExamination, cluster: ClusterClient): Path {
	const target = nodeTarget(`node/${name}`, name, node);
	const request = proxyRequestFacts('nodes', {scheme: null, name, port: null, input: name}, node);
	return configuredPath(examined, cluster, {feature: 'node-proxy', target, request}, {node, pod: null});
}

function newCheck({name, node}: PlannedNode): Omit<NodeCheck, 'path'> {
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
	};
}

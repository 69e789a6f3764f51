/** Adds an ephemeral container or creates a debug pod, and waits until it runs. */
import {clampTimerMs} from '../base/async/clock.ts';
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {parseObject} from '../cluster/read-json-response.ts';
import {errorFromResponse} from '../cluster/error-from-response.ts';
import {readFully} from '../cluster/transport/response-body.ts';
import {SpokeError} from '../base/errors/spoke-error.ts';
import {statusMessage} from '../cluster/server-messages/unwrap-message.ts';
import {containerStatus} from '../cluster/targets/choose-container.ts';
import {listPath, objectPath, podResource} from '../cluster/targets/resource-names.ts';
import type {ContainerState, PodObject} from '../cluster/targets/pod-object.ts';
import {watchPods} from '../cluster/targets/resolve-pod.ts';
import {quoteForShell} from '../base/text/escaping.ts';
import type {EphemeralContainer, NewPod} from './debug-specs.ts';

/** The whole pod; etcd stores at most 1.5 MiB. */
const maxResponseBytes = 8 * 1024 * 1024;

/**
@throws SpokeError ERR_FORBIDDEN (patch pods/ephemeralcontainers), ERR_TARGET_GONE if another pod has the name now, ERR_APISERVER_ANSWER
with the apiserver's message
@see https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/ (they cannot be removed)
*/
export async function addDebugContainer(
	cluster: WritingClient,
	pod: PodObject,
	container: EphemeralContainer,
	signal?: AbortSignal,
): Promise<void> {
	const {name, namespace = 'default', uid} = pod.metadata;
	await write(
		cluster,
		{
			method: 'PATCH',
			path: objectPath(podResource, namespace, name, 'ephemeralcontainers'),
			// Another UID is refused: the pod's name can belong to its successor.
			body: {metadata: {uid}, spec: {ephemeralContainers: [container]}},
			podName: name,
			namespace,
		},
		signal,
	);
}

/** @throws SpokeError as `addDebugContainer` */
export async function createDebugPod(cluster: WritingClient, namespace: string, pod: NewPod, signal?: AbortSignal): Promise<PodObject> {
	return (await write(cluster, {method: 'POST', path: listPath(podResource, namespace), body: pod, namespace}, signal)) as PodObject;
}

/** Deletes the pod without a grace period, as `kubectl debug --replace` does. @throws SpokeError as `addDebugContainer` */
export async function deletePodNow(
	cluster: WritingClient,
	{metadata: {name, namespace = 'default', uid}}: PodObject,
	signal?: AbortSignal,
): Promise<void> {
	await write(
		cluster,
		{
			method: 'DELETE',
			path: objectPath(podResource, namespace, name),
			body: {kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0, preconditions: {uid}},
			podName: name,
			namespace,
		},
		signal,
	);
}

type WritingClient = Pick<ClusterClient, 'request' | 'facts'>;
type WriteRequest = {
	method: keyof typeof writes;
	path: string;
	body: object;
	/** Of the existing pod, whose UID the body has. */
	podName?: string;
	namespace: string;
};

const writes = {
	PATCH: {verb: 'patch', resource: 'pods/ephemeralcontainers', contentType: 'application/strategic-merge-patch+json'},
	POST: {verb: 'create', resource: 'pods', contentType: 'application/json'},
	DELETE: {verb: 'delete', resource: 'pods', contentType: 'application/json'},
} as const;

async function write(
	cluster: WritingClient,
	{method, path, body: requestBody, podName, namespace}: WriteRequest,
	signal?: AbortSignal,
): Promise<object> {
	const {verb, resource, contentType} = writes[method];
	const {status, headers, body, connection} = await cluster.request({
		method,
		path,
		headers: {'Content-Type': contentType},
		body: JSON.stringify(requestBody),
		...(signal && {signal}),
	});
	const text = (await readFully(body, maxResponseBytes, `the apiserver ${cluster.facts.server}`)).toString('utf8');
	if (podName !== undefined && isOtherUid(status, text)) {
		throw new SpokeError('ERR_TARGET_GONE', `pod ${podName} was replaced; the new pod of that name was not changed`, {
			text,
			remedy: 'run the command again to use the new pod',
		});
	}

	if (status < 200 || status > 299) {
		const error = errorFromResponse({status, headers, body: text, connection}, {verb, resource, namespace, identity: cluster.facts});
		throw error.text?.includes('violates PodSecurity')
			? new SpokeError(error.code, error.text.trim(), {
					text: error.text,
					asKubectl: error.asKubectl,
					remedy: 'use --profile=baseline or --profile=restricted, as the namespace requires',
				})
			: error;
	}

	// A web page instead of an object means that nothing changed. A deletion returns the pod or a Status.
	return parseObject(text, {method, path: method === 'DELETE' ? '/' : path}, `the response of the apiserver ${cluster.facts.server}`);
}

/**
Whether the apiserver found another UID than the request named: a conflict of a deletion (apiserver/pkg/registry/rest/delete.go), and an
invalid field of a patch (apimachinery/pkg/api/validation/objectmeta.go).
*/
function isOtherUid(status: number, body: string): boolean {
	const message = statusMessage(body) ?? '';
	return (
		(status === 409 && /\bUID in (?:the )?precondition\b/.test(message)) ||
		(status === 422 && message.includes('metadata.uid: Invalid value'))
	);
}

/**
@param onWaiting Receives `ContainerCreating`, `ErrImagePull: …`
@throws SpokeError ERR_TARGET_GONE if the container ended or could not start, the pod is gone, or on timeout
*/
export async function waitUntilRunning(
	cluster: ClusterClient,
	{metadata: {name: podName, namespace = 'default'}}: PodObject,
	container: string,
	{timeoutMs, signal, onWaiting}: {timeoutMs: number; signal: AbortSignal; onWaiting: (reason: string) => void},
): Promise<void> {
	let waiting = '';
	for await (const pod of versionsOf(cluster, {podName, namespace}, {timeoutMs, signal})) {
		if (pod === null) {
			throw new SpokeError('ERR_TARGET_GONE', `pod ${podName} was gone before container ${container} ran`);
		}

		const {running, terminated, waiting: latest}: ContainerState = containerStatus(pod, container)?.state ?? {};
		if (running) {
			return;
		}

		if (terminated) {
			throw new SpokeError(
				'ERR_TARGET_GONE',
				`container ${container} terminated with exit code ${terminated.exitCode}${terminated.reason && terminated.reason !== 'Completed' ? ` ${terminated.reason}` : ''}`,
				{
					text: terminated.message ?? '',
					remedy: `see its log: spoke logs ${quoteForShell(podName)} -n ${quoteForShell(namespace)} -c ${quoteForShell(container)}`,
				},
			);
		}

		// A pod that its node does not admit has no containers.
		if (pod.status?.phase === 'Failed') {
			const {reason: phaseReason = 'Failed', message = ''} = pod.status;
			throw new SpokeError(
				'ERR_TARGET_GONE',
				`pod ${podName} failed before container ${container} ran: ${[phaseReason, message].filter(part => part !== '').join(': ')}`,
				{text: message},
			);
		}

		const reason = [latest?.reason, latest?.message].filter(part => part !== undefined).join(': ');
		if (reason !== '' && reason !== waiting) {
			waiting = reason;
			onWaiting(reason);
		}
	}

	signal.throwIfAborted();
	throw new SpokeError(
		'ERR_TARGET_GONE',
		`container ${container} is not running after ${timeoutMs / 1000} s${waiting === '' ? '' : `: ${waiting}`}`,
	);
}

/** Waits because the pod's status lags behind the runtime; `null` if the container still runs. */
export async function exitStatusOf(
	cluster: ClusterClient,
	{metadata: {name: podName, namespace = 'default'}}: PodObject,
	container: string,
	{timeoutMs, signal}: {timeoutMs: number; signal: AbortSignal},
): Promise<number | null> {
	for await (const pod of versionsOf(cluster, {podName, namespace}, {timeoutMs, signal})) {
		const ended = pod && containerStatus(pod, container)?.state?.terminated;
		if (ended) {
			return ended.exitCode;
		}
	}

	return null;
}

/** The pod now and after each change, until it times out; `null` when it is gone. */
async function* versionsOf(
	cluster: ClusterClient,
	{podName, namespace}: {podName: string; namespace: string},
	{timeoutMs, signal}: {timeoutMs: number; signal: AbortSignal},
): AsyncGenerator<PodObject | null> {
	const timeout = AbortSignal.timeout(clampTimerMs(timeoutMs));
	const scope = {namespace, fieldSelector: `metadata.name=${podName}`};
	for await (const change of watchPods(cluster, scope, {signal: AbortSignal.any([timeout, signal])})) {
		if ('pod' in change) {
			yield change.type === 'gone' ? null : change.pod;
		}
	}
}

/** Opens one log read, and the connection for it. */
import type {Readable} from 'node:stream';
import {
	maxErrorPrefixBytes,
	maxWebPagePrefixBytes,
	readBodyPrefix,
	wasNotProcessed,
	retryAfterMs,
	ConnectionClosedError,
} from '../../cluster/transport/response-body.ts';
import type {ClusterClient, Connection} from '../../cluster/cluster-client.ts';
import {isWebPage, webPageError} from '../../cluster/read-json-response.ts';
import {SpokeError, isSpokeError} from '../../base/errors/spoke-error.ts';
import {kubectlLine, statusMessage} from '../../cluster/server-messages/unwrap-message.ts';
import type {ConnectionPurpose, ConnectionObserver} from '../connection-observer.ts';
import type {ResolvedTarget} from '../../cluster/targets/parse-target.ts';
import {connectObserved, reportNotOpened} from '../observed-connection.ts';
import type {LogSource} from './log-events.ts';
import {objectPath, podResource} from '../../cluster/targets/resource-names.ts';
import {formatRfc3339Seconds} from '../../base/text/formats.ts';
import {errorFromResponse, type ErrorResponse, type ErrorResponseContext} from '../../cluster/error-from-response.ts';
import {abortableDelay, rejectOnAbort} from '../../base/async/clock.ts';
import {locateResponseLoss, unlocatedLoss} from '../locate-loss.ts';
import {kubeletLogRefusal} from '../../cluster/server-messages/explain-message.ts';

export type OpenLog = {
	body: Readable;
	/** False if the pod is on no node: the body is then empty. */
	isFromKubelet: boolean;
	/** Must be called after the body. Releases the connection if the response was received to its end. */
	close(): void;
};

export type OpenLogOptions = {
	target: ResolvedTarget;
	observer?: ConnectionObserver | undefined;
	signal?: AbortSignal | undefined;
	/** Called just before the request. */
	onRequest?: (() => void) | undefined;
	/** The apiserver reads this container if none is named. */
	isOnlyContainer?: boolean | undefined;
	/** @see ClusterClient.connect */
	canShare?: boolean | undefined;
	/** How often a request that the server did not process is sent again, on another connection. */
	retries?: number;
};

export const podOnNoNode = 'the pod is on no node';

/** Above the apiserver's limit of 30 s for reaching a kubelet, to receive its message. */
export const responseTimeoutMs = 35_000;
const maxRetries = 2;

/** The API's `PodLogOptions`. */
export type PodLogOptions = {
	follow?: boolean;
	previous?: boolean;
	timestamps?: boolean;
	tailLines?: number;
	sinceSeconds?: number;
	/** RFC 3339; the apiserver drops the fraction of a second. */
	sinceTime?: string;
	limitBytes?: number;
	insecureSkipTLSVerifyBackend?: boolean;
};

/** @see https://github.com/kubernetes/kubernetes/blob/v1.36.3/staging/src/k8s.io/cri-client/pkg/logs/logs.go ReadLogs */
const failures =
	/(?:failed to (?:create fsnotify watcher|watch directory|read log file|open log file|try resolving symlinks|tail -?\d+ lines|seek|reset seek in log file|get parse function|get container status)\b|unable to retrieve container logs for |rpc error: code = |context cancelled$)[^\n]*$/;

/** `Get "https://HOST:PORT/containerLogs/…": …`, or failures of the apiserver's route to a node. */
const secondLeg =
	/^Get "https?:\/\/[^"]+\/containerLogs\/|no preferred addresses found|No agent available|proxy error from|dial timeout, backstop|^nodes? "[^"]*" not found/;

/**
A follow has no timeout, because a kubelet responds only with the first line: callers must detect stalls.
@throws SpokeError ERR_SECOND_LEG, ERR_NOT_FOUND, ERR_TARGET_GONE, ERR_FORBIDDEN, ERR_PROTOCOL for a web page, and connection errors
*/
export async function openLog(
	cluster: ClusterClient,
	source: LogSource,
	logOptions: PodLogOptions,
	options: OpenLogOptions,
): Promise<OpenLog> {
	const {target, observer, signal, onRequest, isOnlyContainer, canShare, retries = maxRetries} = options;
	const purpose: ConnectionPurpose = {
		feature: 'logs',
		target: {...target, container: source.container},
		request: null,
		...(logOptions.insecureSkipTLSVerifyBackend && {insecureSkipTlsVerifyBackend: true}),
	};
	let connection: Connection | null = null;
	try {
		connection = await connectObserved(cluster, purpose, observer, {signal, canShare});
		onRequest?.();
		const openConnection = connection;
		const {status, headers, body} = await openConnection.request({
			...podLogRequest(source, logOptions),
			...(isOnlyContainer && {samePath: podLogPath({...source, container: null}, logOptions)}),
			...(signal && {signal}),
		});
		if (status === 200 && isWebPage(headers)) {
			throw webPageError('the log', await readBodyPrefix(body, maxWebPagePrefixBytes));
		}

		// 204: the pod is unscheduled, so no kubelet was contacted (registry/generic/rest/streamer.go).
		if (status !== 200 && status !== 204) {
			const text = await readBodyPrefix(body, maxErrorPrefixBytes);
			if (kubeletLogRefusal(status, text) !== null) {
				observer?.onFarEndAnswered?.(openConnection, purpose);
			}

			throw refusedLogError({status, body: text, headers, connection}, {namespace: source.namespace, identity: cluster.facts});
		}

		if (status === 200) {
			observer?.onOpened?.(openConnection, purpose, {carrier: 'http', protocol: null});
		} else {
			observer?.onApiserverAnswered?.(openConnection, purpose, podOnNoNode);
		}

		return {
			body,
			isFromKubelet: status === 200,
			close() {
				body.destroy();
				openConnection.release();
				observer?.onClosed?.(openConnection, purpose);
			},
		};
	} catch (thrown) {
		if (connection && retries > 0 && wasNotProcessed(thrown)) {
			observer?.onClosed?.(connection, purpose);
			connection.close();
			return openLog(cluster, source, logOptions, {...options, retries: retries - 1});
		}

		reportNotOpened(observer, connection, purpose, {thrown, signal});
		connection?.close();
		throw thrown;
	}
}

function refusedLogError(response: ErrorResponse, context: Pick<ErrorResponseContext, 'namespace' | 'identity'>): SpokeError {
	const error = errorFromLogResponse(response, context);
	const retryInMs = retryAfterMs(response);
	return retryInMs === null ? error : new RetryAfterError(error, retryInMs);
}

/** `container`: `null` for the only one. */
export function podLogRequest(source: Parameters<typeof podLogPath>[0], logOptions: PodLogOptions) {
	return {
		path: podLogPath(source, logOptions),
		// Compression would delay lines.
		headers: {Accept: 'application/json, */*', 'Accept-Encoding': 'identity'},
		timeoutMs: logOptions.follow ? 0 : responseTimeoutMs,
	};
}

export class RetryAfterError extends SpokeError {
	readonly retryAfterMs: number;

	constructor(error: SpokeError, retryAfterMs: number) {
		super(error.code, error.message, {...error.options, cause: error});
		this.retryAfterMs = retryAfterMs;
	}
}

/** Without a container, the apiserver takes the only one, and refuses if there are several. */
export function podLogPath(
	{namespace, pod, container}: Pick<LogSource, 'namespace' | 'pod'> & {container: string | null},
	read: PodLogOptions,
): string {
	const query = new URLSearchParams(container === null ? {} : {container});
	for (const [name, value] of Object.entries(read)) {
		if (value !== undefined && value !== false) {
			query.set(name, String(value));
		}
	}

	return `${objectPath(podResource, namespace, pod, 'log')}?${query.toString()}`;
}

export function formatSinceTime(second: number): string {
	return formatRfc3339Seconds(new Date(second * 1000));
}

/**
Splits a kubelet error from the end of a log body. A follow can fail in the middle of a line. In any other read, error text after the start
of a line belongs to that line, which a terminated container can leave unfinished.
*/
export function splitKubeletError(remainder: Buffer, {follows}: {follows: boolean}): {log: Buffer; message: string | null} {
	// A failure is short and at the very end.
	const tail = remainder.subarray(Math.max(0, remainder.length - 2048));
	const match = failures.exec(tail.toString('latin1'));
	if (!match) {
		return {log: remainder, message: null};
	}

	const start = remainder.length - tail.length + match.index;
	if (start > 0 && !follows) {
		return {log: remainder, message: null};
	}

	return {log: remainder.subarray(0, start), message: remainder.subarray(start).toString('utf8')};
}

export function kubeletErrorRemedy(message: string): string | null {
	return message.includes('too many open files') ? 'raise fs.inotify.max_user_instances on the node' : null;
}

/**
Whether the kubelet has removed the container. The pod object can still exist, for example because of a finalizer. @see
https://github.com/kubernetes/kubernetes/blob/v1.36.3/pkg/kubelet/kuberuntime/kuberuntime_container.go GetContainerLogs
*/
export function isContainerRemoved(message: string): boolean {
	return message.startsWith('unable to retrieve container logs for ');
}

/** Kubelet refusals have status 400; failures of leg 2 have 500 and the kubelet's URL. */
export function errorFromLogResponse(
	response: ErrorResponse,
	context: Pick<ErrorResponseContext, 'namespace' | 'identity'> = {},
): SpokeError {
	const error = errorFromResponse(response, {verb: 'get', resource: 'pods/log', ...context});
	const text = statusMessage(response.body) || (error.text ?? error.message);
	const asKubectl = kubectlLine(response.body);
	const line = text.replaceAll(/\s*\n\s*/g, ' ').trim();
	if (response.status === 400 && /is waiting to start|is not available|is terminated/.test(text)) {
		return new SpokeError('ERR_TARGET_GONE', line, {text, asKubectl, remedy: 'use -f to wait for it'});
	}

	const location = kubeletLogRefusal(response.status, response.body) === null ? {} : ({leg: 3} as const);
	if (
		response.status === 400 &&
		/previous terminated container .* not found|is not valid for pod|a container name must be specified|container not found/.test(text)
	) {
		return new SpokeError('ERR_NOT_FOUND', line, {text, asKubectl, ...location});
	}

	return error.code === 'ERR_APISERVER_ANSWER' && secondLeg.test(text) ? new SpokeError('ERR_SECOND_LEG', line, {text}) : error;
}

/** ERR_STREAM_LOST without a leg; use `locateInterruption` before showing it. */
export class LogInterruptedError extends SpokeError {
	constructor(description: string, cause: Error) {
		const text = isSpokeError(cause) ? cause.text : cause.message;
		const isClosed = cause instanceof ConnectionClosedError && cause.inResponse;
		const why = isClosed ? 'the connection was closed in the middle of the response' : cause.message;
		super('ERR_STREAM_LOST', `${description}: ${why}`, {cause, text});
	}
}

/** Returns other errors unchanged. @throws the signal's reason */
export async function locateInterruption(
	cluster: Pick<ClusterClient, 'connect' | 'records'>,
	error: SpokeError,
	signal?: AbortSignal,
): Promise<SpokeError> {
	return error instanceof LogInterruptedError ? rejectOnAbort(async () => locateResponseLoss(cluster, error), signal) : error;
}

/** The leg stays unknown after `timeoutMs`. @throws the signal's reason */
export async function locateInterruptionWithin(
	cluster: Pick<ClusterClient, 'connect' | 'records'>,
	error: SpokeError,
	timeoutMs: number,
	signal?: AbortSignal,
): Promise<SpokeError> {
	return Promise.race([
		locateInterruption(cluster, error, signal),
		abortableDelay(timeoutMs, signal).then(() => (error instanceof LogInterruptedError ? unlocatedLoss(error) : error)),
	]);
}

/** Opens one log read, and the connection for it. */
import type {Readable} from 'node:stream';
import {maxErrorPrefixBytes, maxWebPagePrefixBytes, readBodyPrefix} from '../../cluster/transport/response-body.ts';
import type {ClusterClient, ClusterInfo, Connection} from '../../cluster/cluster-client.ts';
import {wasNotProcessed, retryAfterMs} from '../../cluster/transport/request-errors.ts';
import {isWebPage, webPageError} from '../../cluster/read-json-response.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {kubeletLogRefusal} from '../../server-messages/kubelet-log-refusal.ts';
import type {ResolvedTarget, ConnectionPurpose, ConnectionObserver} from '../connection-observer.ts';
import {connectObserved, reportNotOpened} from '../observed-connection.ts';
import type {LogSource} from './log-events.ts';
import {errorFromLogResponse} from './log-error.ts';
import {objectPath, podResource} from '../../targets/resource-names.ts';
import {formatRfc3339Seconds} from '../../text/formats.ts';

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
	const {target, observer, signal, onRequest, isOnlyContainer = false, canShare, retries = maxRetries} = options;
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
		const {isFromKubelet, body} = await requestLog(openConnection, source, logOptions, {
			signal,
			clientInfo: cluster.facts,
			isOnlyContainer,
			onKubeletRefusal() {
				observer?.onFarEndAnswered?.(openConnection, purpose);
			},
		});
		if (isFromKubelet) {
			observer?.onOpened?.(openConnection, purpose, {carrier: 'http', protocol: null});
		} else {
			observer?.onApiserverAnswered?.(openConnection, purpose, podOnNoNode);
		}

		return {
			body,
			isFromKubelet,
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

type LogRequestContext = {
	signal: AbortSignal | undefined;
	clientInfo: ClusterInfo;
	isOnlyContainer: boolean;
	onKubeletRefusal(): void;
};

async function requestLog(
	connection: Connection,
	source: LogSource,
	logOptions: PodLogOptions,
	{signal, clientInfo, isOnlyContainer, onKubeletRefusal}: LogRequestContext,
): Promise<{body: Readable; isFromKubelet: boolean}> {
	const {status, headers, body} = await connection.request({
		...podLogRequest(source, logOptions),
		...(isOnlyContainer && {samePath: podLogPath({...source, container: null}, logOptions)}),
		...(signal && {signal}),
	});
	if (status === 200 && isWebPage(headers)) {
		throw webPageError('the log', await readBodyPrefix(body, maxWebPagePrefixBytes));
	}

	if (status === 200 || status === 204) {
		// 204: the pod is unscheduled, so no kubelet was contacted (registry/generic/rest/streamer.go).
		return {body, isFromKubelet: status === 200};
	}

	const text = await readBodyPrefix(body, maxErrorPrefixBytes);
	if (kubeletLogRefusal(status, text) !== null) {
		onKubeletRefusal();
	}

	const error = errorFromLogResponse({status, body: text, headers, connection}, {namespace: source.namespace, identity: clientInfo});
	const retryInMs = retryAfterMs({status, headers});
	throw retryInMs === null ? error : new RetryAfterError(error, retryInMs);
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

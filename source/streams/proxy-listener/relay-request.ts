/** Relays a local client's request to the apiserver. */
import type {IncomingMessage, ServerResponse} from 'node:http';
import type {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import type {ClusterClient, ApiResponse, Connection, RequestOptions} from '../../cluster/cluster-client.ts';
import {type SpokeError, toSpokeError} from '../../errors/spoke-error.ts';
import {kubeletLogRefusal} from '../../server-messages/kubelet-log-refusal.ts';
import type {ConnectionObserver} from '../connection-observer.ts';
import {errorFromLogResponse} from '../logs/log-error.ts';
import {podOnNoNode} from '../logs/open-log.ts';
import {connectObserved} from '../observed-connection.ts';
import {apiserverErrorIn, isApiserverRedirect, maxErrorBytes, mayBeFromApiserver} from '../proxy/response-origin.ts';
import {truncatedResponseError} from '../proxy/truncated-response.ts';
import {headersToApiserver, headersToClient} from './relayed-headers.ts';
import type {RelayedTarget, RelayedTargets} from './relayed-targets.ts';
import {clientDisconnectedError} from './request-error.ts';

export type RelayContext = {
	cluster: ClusterClient;
	targets: RelayedTargets;
	observer: ConnectionObserver | undefined;
	keepaliveMs: number;
	allowsCommands: boolean;
};

/**
Only the client can end the request: an upload, an empty followed log or a backend can take any time.
@throws SpokeError if the apiserver is not reached; ERR_STREAM_LOST for a truncated response; `clientDisconnectedError`
*/
export async function relayRequest(
	{cluster, targets, observer}: RelayContext,
	path: string,
	request: IncomingMessage,
	response: ServerResponse,
): Promise<void> {
	const clientClosed = new AbortController();
	response.once('close', () => {
		clientClosed.abort(clientDisconnectedError());
	});
	const options: RequestOptions = {
		method: request.method ?? 'GET',
		path,
		headers: headersToApiserver(request.headers),
		timeoutMs: 0,
		signal: clientClosed.signal,
		...(hasBody(request) && {body: request}),
	};
	const target = await targets.find(path);
	if (target) {
		await relayObserved({cluster, observer}, target, options, response);
	} else {
		// As kubectl proxy, leaves retries to the client.
		await relayResponse(response, await cluster.request({...options, shouldHonorRetryAfter: false}));
	}
}

async function relayObserved(
	{cluster, observer}: Pick<RelayContext, 'cluster' | 'observer'>,
	target: RelayedTarget,
	options: RequestOptions,
	response: ServerResponse,
): Promise<void> {
	const {purpose, base, rest} = target;
	const {signal} = options;
	const connection = await connectObserved(cluster, purpose, observer, {signal});
	let interruption: SpokeError | undefined;
	try {
		const apiResponse = await connection.request({...options, path: base + rest});
		const reportAfterBody = observeResponse(observer, connection, target, apiResponse);
		await relayResponse(response, apiResponse).catch((error: unknown) => {
			interruption = toSpokeError(error);
		});
		reportAfterBody();
	} catch (thrown) {
		if (!signal?.aborted) {
			observer?.onFailed?.(connection, purpose, toSpokeError(thrown));
		}

		throw thrown;
	} finally {
		observer?.onClosed?.(connection, purpose);
		connection.close();
	}

	if (interruption) {
		throw interruption;
	}
}

const clientClosedCodes: ReadonlySet<string | undefined> = new Set(['ERR_STREAM_PREMATURE_CLOSE', 'ERR_OUTPUT_CLOSED']);

/** @throws SpokeError ERR_STREAM_LOST if truncated */
async function relayResponse(response: ServerResponse, {status, statusText, headers, body}: ApiResponse): Promise<void> {
	response.writeHead(status, statusText, headersToClient(headers));
	response.flushHeaders();
	try {
		await pipeline(body, response);
	} catch (error) {
		// Abort, so that the client does not take the response for complete.
		response.destroy();
		if (!clientClosedCodes.has((error as NodeJS.ErrnoException).code)) {
			throw truncatedResponseError(error);
		}
	}
}

function hasBody({headers}: IncomingMessage): boolean {
	return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

/** Call the returned function after the body, whose text shows the origin of an error; the client does not wait for this. */
function observeResponse(
	observer: ConnectionObserver | undefined,
	connection: Connection,
	{purpose, rest}: RelayedTarget,
	{status, headers, body}: ApiResponse,
): () => void {
	const isLog = purpose.feature === 'logs';
	const reportOpened = (bodyStart: Buffer) => {
		if (isLog && status === 204) {
			observer?.onApiserverAnswered?.(connection, purpose, podOnNoNode);
			return;
		}

		// Only a log's 200 is the kubelet's: the apiserver turns others into a Status.
		observer?.onOpened?.(connection, purpose, {
			carrier: 'http',
			protocol: null,
			mayBeFromApiserver: isLog ? status !== 200 : mayBeFromApiserver(status, headers, bodyStart),
		});
	};

	if (status < 400) {
		if (!isApiserverRedirect(status, rest)) {
			reportOpened(empty);
		}

		return () => {};
	}

	const collectedStart = collectBodyStart(body);
	return () => {
		const bodyStart = collectedStart();
		if (!bodyStart) {
			return;
		}

		const error = apiserverErrorIn(status, headers, bodyStart, purpose);
		if (isLog && kubeletLogRefusal(status, bodyStart.toString('utf8')) !== null) {
			observer?.onFarEndAnswered?.(connection, purpose);
			observer?.onFailed?.(connection, purpose, errorFromLogResponse({status, headers, body: bodyStart.toString('utf8')}));
		} else if (error) {
			observer?.onFailed?.(connection, purpose, error);
		} else {
			reportOpened(bodyStart);
		}
	};
}

const empty = Buffer.alloc(0);

/** `undefined` if too short to decide. */
function collectBodyStart(body: Readable): () => Buffer | undefined {
	const chunks: Buffer[] = [];
	let bytes = 0;
	body.on('data', (chunk: Buffer) => {
		if (bytes < maxErrorBytes) {
			chunks.push(chunk);
		}

		bytes += chunk.length;
	});
	return () => (body.readableEnded || bytes >= maxErrorBytes ? Buffer.concat(chunks) : undefined);
}
